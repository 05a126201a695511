"""The WSGI entry point: `granian --interface wsgi payment_engine.wsgi:application`."""

import gc
import os
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
application: Any = get_wsgi_application()
api: Any = None
import_module(settings.ROOT_URLCONF)  # every view is loaded before the first request asks for one
import_module("payments.calendars").read_ahead()  # the library behind them takes a second to import
import_module("iso20022.schemas").xsd_text(import_module("iso20022.camt053").DEFAULT_VERSION)  # made from a package's code, not read
# Between two requests of a thread nothing happens, so connections looked after when one ends are fit for the next;
# the cache is this process's own memory, and queries are recorded for DEBUG alone. All this costs a tenth of a short request.
request_started.disconnect(close_old_connections)
request_finished.disconnect(close_caches)
if not settings.DEBUG:
    request_started.disconnect(reset_queries)
    application = api = import_module("payment_engine.api_handler").ApiHandler(application)
gc.collect()
gc.freeze()  # what is loaded by now stays: the collector need not walk through it again and again
if not settings.TESTING:
    import_module("config_mgmt.refresher").start_refresher()  # its models need Django to be set up
