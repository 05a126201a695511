"""Nothing that processes share may hold a tenant's data under a key that does not name the tenant."""

from collections.abc import Iterator
from typing import Any, Final

import redis
from django.core.cache import caches

from payment_engine.redis import redis_client
from tenants.context import use
from tenants.isolation.findings import Finding, Outcome, held, leak, skipped
from tenants.isolation.ground import Loot, Raid

_BROKER_KEYS: Final = ("celery", "unacked", "_kombu")  # messages on their way, which carry their tenant in a header
_MOST_KEYS: Final = 20_000
_MOST_ITEMS: Final = 1_000


def attack_caches(raid: Raid, loot: Loot) -> Iterator[Finding]:
    for attack, target, outcome in (
        ("keys that do not name their tenant", "Valkey", _shared_keys(raid, loot)),
        ("Django's cache", type(caches["default"]).__name__, _django_cache(raid)),
    ):
        yield Finding(area="cache", attack=attack, target=target, attacker=raid.attacker.slug, victim=raid.victim.slug, outcome=outcome)


def _django_cache(raid: Raid) -> Outcome:
    cache = caches["default"]
    if type(cache).__name__ in {"LocMemCache", "DummyCache"}:
        return held("not shared between processes")
    keys = set()
    for scope in (raid.attacker.scope, raid.victim.scope):
        with use(scope):
            keys.add(cache.make_key("balance"))
    return held("its keys name the tenant") if len(keys) == 2 else leak("both tenants have the same keys")  # noqa: PLR2004  # one each


def _shared_keys(raid: Raid, loot: Loot) -> Outcome:
    client = redis_client()
    looked_at = 0
    try:
        for raw_key in client.scan_iter(count=1000):
            key = raw_key.decode(errors="replace")
            if key.startswith(_BROKER_KEYS):
                continue
            looked_at += 1
            if looked_at > _MOST_KEYS:
                return held(f"{_MOST_KEYS} keys looked at, the others were not")
            named = raid.victim.slug in key or raid.victim.tenant.reference in key
            if not named and loot.found_in(f"{key} {_value_of(client, raw_key)}"):
                return leak(f"{key} holds data of {raid.victim.slug}")
    except redis.RedisError as error:
        return skipped(f"no Valkey: {error}")
    return held(f"{looked_at} keys looked at")


def _value_of(client: Any, key: bytes) -> str:  # noqa: ANN401  # redis' own types promise both sync and async
    kind = client.type(key).decode()
    readers = {
        "string": lambda: client.get(key),
        "hash": lambda: client.hgetall(key),
        "list": lambda: client.lrange(key, 0, _MOST_ITEMS),
        "set": lambda: client.srandmember(key, _MOST_ITEMS),
        "zset": lambda: client.zrange(key, 0, _MOST_ITEMS),
        "stream": lambda: client.xrange(key, count=_MOST_ITEMS),
    }
    return str(readers[kind]()) if kind in readers else ""
