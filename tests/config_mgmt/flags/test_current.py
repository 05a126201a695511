"""`flags.is_active` in code: of the tenant in context, the same in every process, new within two seconds of a change."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections

from config_mgmt import flags
from config_mgmt.flags.documents import FeatureDocument
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config
from config_mgmt.operations.features import kill_feature, remove_feature, save_feature
from config_mgmt.snapshots import forget_snapshots
from config_mgmt.values import Actor
from payment_engine.api.json import decode
from tenants.context import tenant_scope
from tenants.errors import TenantRequired
from tenants.registry import TenantRecord

KEY = "test-feature"
ADA = Actor(name="ada-key", person="ada")
UNITS = [f"acc_{number}" for number in range(500)]
SECONDS = 2.0
# A process of its own: for each line it reads, it answers which of the units have the feature.
OTHER_PROCESS = """
import json, sys
import django
django.setup()
from config_mgmt import flags
from tenants.context import tenant_scope
from tenants.registry import tenant_by_slug
for line in sys.stdin:
    tenant, key, units = json.loads(line)
    with tenant_scope(tenant_by_slug(tenant)):
        print(json.dumps([unit for unit in units if flags.is_active(key, unit=unit)]), flush=True)
"""


def save(percentage: int = 50, key: str = KEY, **config: Any) -> ConfigVersion:
    document = {"enabled": True, "config": {"rolloutPercentage": percentage, **config}}
    return save_feature(key=key, document=decode(json.dumps(document).encode(), FeatureDocument), actor=ADA)[0]


def having(key: str = KEY, units: list[str] = UNITS) -> list[str]:
    return [unit for unit in units if flags.is_active(key, unit=unit)]


def seconds_until(condition: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not condition() and time.monotonic() - started < 5 * SECONDS:
        time.sleep(0.02)
    return time.monotonic() - started


@pytest.fixture
def tenant(transactional_db: None, in_tenant_a: TenantRecord) -> TenantRecord:
    return in_tenant_a


@pytest.fixture
def other_process() -> Iterator[Callable[[str], list[str]]]:
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {**os.environ, "DATABASE_URL": address.geturl(), "DJANGO_SETTINGS_MODULE": "payment_engine.settings"}
    command = [sys.executable, "-c", OTHER_PROCESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(tenant: str) -> list[str]:
            stdin.write(json.dumps([tenant, KEY, UNITS]) + "\n")
            stdin.flush()
            answer: list[str] = json.loads(stdout.readline())
            return answer

        yield ask
        stdin.close()
        process.wait(timeout=10)


def test_unknown_flag_is_off(tenant: TenantRecord) -> None:
    assert not flags.is_active("nobody-set-this", unit="u-1")
    assert flags.variant("nobody-set-this", unit="u-1") is None
    assert flags.flag("nobody-set-this") is None


def test_flags_belong_to_their_tenant(tenant: TenantRecord, tenant_b: TenantRecord) -> None:
    save(100)
    assert flags.is_active(KEY)
    with tenant_scope(tenant_b):
        assert not flags.is_active(KEY)


def test_a_flag_needs_a_tenant(db: None) -> None:
    with pytest.raises(TenantRequired):
        flags.is_active(KEY)


def test_attributes_decide(tenant: TenantRecord) -> None:
    save(100, targeting=[{"constraints": [{"attribute": "channel", "operator": "IN", "values": ["api"]}]}])
    assert flags.is_active(KEY, unit="u-1", channel="api")
    assert not flags.is_active(KEY, unit="u-1", channel="branch")
    assert not flags.is_active(KEY, unit="u-1", channel=None)


def test_variant_brings_its_payload(tenant: TenantRecord) -> None:
    save(100, variants=[{"name": "blue", "weight": 1, "payload": {"limit": 10, "rate": 0.5, "on": [True, None]}}])
    chosen = flags.variant(KEY, unit="u-1")
    assert chosen is not None
    assert (chosen.name, chosen.payload) == ("blue", {"limit": 10, "rate": 0.5, "on": [True, None]})


def test_killed_and_removed_flags_are_off(tenant: TenantRecord) -> None:
    save(100)
    kill_feature(key=KEY, actor=ADA)
    assert not flags.is_active(KEY)
    save(100)
    assert flags.is_active(KEY)
    remove_feature(key=KEY, actor=ADA)
    assert not flags.is_active(KEY)


def test_a_warm_flag_is_read_without_a_query(tenant: TenantRecord, django_assert_num_queries: Any) -> None:
    save(50)
    having()
    with django_assert_num_queries(0):
        assert len(having()) == pytest.approx(250, abs=40)


def test_one_unreadable_value_is_off_and_harms_no_other(tenant: TenantRecord, caplog: pytest.LogCaptureFixture) -> None:
    save(100)
    for number, value in enumerate([{"enabled": True, "config": {"rolloutPercentage": 101}}, "on", {"config": {}}]):
        change_config(kind=ConfigVersion.Kind.FEATURE, key=f"broken-{number}", value=value, actor=ADA)
    assert flags.is_active(KEY)
    assert not any(flags.is_active(f"broken-{number}") for number in range(3))
    assert len([record for record in caplog.records if record.name == "config_mgmt.flags.current"]) == 3


def test_a_new_process_gives_the_same_answers(tenant: TenantRecord, other_process: Callable[[str], list[str]]) -> None:
    save(50)
    before = having()
    assert other_process(tenant.slug) == before
    forget_snapshots()
    assert having() == before


def test_another_process_sees_a_change_within_two_seconds(
    tenant: TenantRecord, tenant_b: TenantRecord, other_process: Callable[[str], list[str]]
) -> None:
    save(50)
    half = other_process(tenant.slug)
    save(60)
    assert seconds_until(lambda: other_process(tenant.slug) == having()) < SECONDS
    assert set(half) < set(other_process(tenant.slug))
    kill_feature(key=KEY, actor=ADA)
    assert seconds_until(lambda: other_process(tenant.slug) == []) < SECONDS
    assert other_process(tenant_b.slug) == []


def test_a_change_made_elsewhere_is_seen_by_every_thread_within_two_seconds(
    tenant: TenantRecord, owner_connection: psycopg.Connection[Any]
) -> None:
    """Made in another process as far as this one can tell: past the operation that would have rung a bell here."""
    save(100)
    assert flags.is_active(KEY)
    owner_connection.execute("SELECT set_config('app.current_tenant', %s, false)", [tenant.slug])
    owner_connection.execute(
        f"UPDATE {tenant.schema}.config_versions SET status = 'SUPERSEDED', superseded_at = now() WHERE tenant_id = %s AND key = %s",
        [tenant.slug, KEY],
    )

    def watch(_: int) -> float:
        with tenant_scope(tenant):
            try:
                return seconds_until(lambda: not flags.is_active(KEY))
            finally:
                connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(watch, range(4))) < SECONDS
