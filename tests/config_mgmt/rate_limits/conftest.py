"""A Valkey of the test's own, which it may kill, and buckets nobody else spends from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config_mgmt import bell
from config_mgmt.rate_limits import tickets
from config_mgmt.rate_limits.limiter import limiter
from config_mgmt.rate_limits.shared import SharedBuckets
from payment_engine.devserver.servers import EmbeddedValkey
from payment_engine.redis import redis_client


@pytest.fixture
def valkey(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path / "valkey")
    settings.REDIS_URL = server.url
    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    _forget_clients()
    try:
        server.start()
        yield server
    finally:
        limiter().close()
        redis_client().close()
        _forget_clients()
        server.stop()


@pytest.fixture
def buckets(valkey: EmbeddedValkey) -> Iterator[SharedBuckets]:
    shared = SharedBuckets(valkey.url)
    yield shared
    shared.close()


def _forget_clients() -> None:
    limiter.cache_clear()
    redis_client.cache_clear()
    tickets._heard.clear()
    tickets._refusing.clear()
