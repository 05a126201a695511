"""The Celery application: a doorbell, never the queue of record (PostgreSQL is)."""

import logging
import os
from typing import Any

import redis
from celery import Celery
from celery.signals import heartbeat_sent

from payment_engine.observability.worker import connect_worker_signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payment_engine.settings")
app = Celery("payment_engine", task_cls="tenants.tasking:TenantTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
connect_worker_signals()
_HEARTBEAT_SECONDS = 30


@heartbeat_sent.connect
def _say_alive(**_kwargs: Any) -> None:  # noqa: ANN401
    from payment_engine.redis import redis_client  # noqa: PLC0415  # settings are not ready at import
    from tenants.api.health import WORKER_HEARTBEAT_KEY  # noqa: PLC0415

    try:
        redis_client().set(WORKER_HEARTBEAT_KEY, "1", ex=_HEARTBEAT_SECONDS)
    except redis.RedisError:
        logging.getLogger(__name__).debug("the heartbeat could not be written")
