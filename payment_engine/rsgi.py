"""The web server's entry point: `granian --interface rsgi --loop uvloop payment_engine.rsgi:application`."""

from importlib import import_module
from typing import Any

from payment_engine import wsgi

application: Any = import_module("payment_engine.loop_handler").LoopHandler(wsgi.application, wsgi.api)
