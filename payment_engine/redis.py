"""The Redis-protocol server (Valkey): a doorbell and a cache. Everything works without it, a little slower."""

from functools import cache

import redis
from django.conf import settings


@cache
def redis_client() -> redis.Redis:
    """One client per process, with time-outs short enough that its absence is noticed rather than waited for."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5)
