"""The WSGI entry point: `granian --interface wsgi payment_engine.wsgi:application`."""

import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # every view is loaded before the first request asks for one
import_module("payments.calendars").read_ahead()  # the library behind them takes a second to import
import_module("iso20022.schemas").xsd_text(import_module("iso20022.camt053").DEFAULT_VERSION)  # made from a package's code, not read
gc.collect()
gc.freeze()  # what is loaded by now stays: the collector need not walk through it again and again
if not settings.TESTING:
    import_module("config_mgmt.refresher").start_refresher()  # its models need Django to be set up
