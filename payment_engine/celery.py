"""The Celery application: a doorbell, never the queue of record (PostgreSQL is)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
app = Celery("payment_engine", task_cls="tenants.tasking:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
