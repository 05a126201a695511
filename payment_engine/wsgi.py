"""The WSGI entry point: `granian --interface wsgi payment_engine.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
application = get_wsgi_application()
