"""Configuration is followed without any request asking for it, in this process and in every other."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.db import connections

from config_mgmt.bell import bell_key
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.refresher import Refresher
from config_mgmt.settings_values import setting
from config_mgmt.values import Actor
from payment_engine.redis import redis_client
from tenants import registry
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT = "payment.max_daily_limit"
FOLLOWER = """
import django, sys, time
django.setup()
from config_mgmt.refresher import start_refresher
from config_mgmt.settings_values import setting
from tenants.context import tenant_scope
from tenants.registry import tenant_by_slug
with tenant_scope(tenant_by_slug("alpha-bank")):
    seen = setting("payment.max_daily_limit")
    start_refresher()
    print(seen, flush=True)
    while True:
        time.sleep(0.002)
        if setting("payment.max_daily_limit") != seen:
            seen = setting("payment.max_daily_limit")
            print(seen, flush=True)
"""


def save(value: str) -> None:
    change_setting(key=LIMIT, value=value, actor=Actor(name="ada", person="ada"), authority=Authority(is_platform=False))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def tenant(tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a


@pytest.fixture
def refresher(tenant: TenantRecord) -> Iterator[Refresher]:
    running = Refresher(interval_seconds=0.05)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def follower(tenant: TenantRecord) -> Iterator[subprocess.Popen[str]]:
    """Another process on the database of the test."""
    login = connections["default"].settings_dict
    url = f"postgres://{quote(login['USER'])}:{quote(login['PASSWORD'])}@/{login['NAME']}?host={quote(str(login['HOST']), safe='')}"
    environment = {**os.environ, "DATABASE_URL": f"{url}&port={login['PORT']}", "DJANGO_SETTINGS_MODULE": "payment_engine.settings"}
    process = subprocess.Popen([sys.executable, "-c", FOLLOWER], stdout=subprocess.PIPE, text=True, env=environment)
    yield process
    process.kill()
    process.communicate()


def test_another_process_has_a_change_in_less_than_two_seconds(follower: subprocess.Popen[str]) -> None:
    assert follower.stdout is not None
    assert follower.stdout.readline() == "None\n"
    for value in ("1.00", "2.00", "3.00"):
        save(value)
        began_at = time.monotonic()
        assert follower.stdout.readline() == f"{value}\n"
        assert time.monotonic() - began_at < 2


def test_a_change_made_past_every_operation_is_followed_and_rung(
    refresher: Refresher, tenant: TenantRecord, owner_connection: psycopg.Connection[Any]
) -> None:
    assert setting("payment.default_currency") == "EUR"
    owner_connection.execute("UPDATE tenants SET currency = 'CHF', status = 'SUSPENDED' WHERE slug = %s", [tenant.slug])
    try:
        assert within(2, lambda: registry.tenant_by_slug(tenant.slug).status == "SUSPENDED")
        assert within(2, lambda: bool(setting("payment.default_currency") == "CHF"))
        assert within(2, lambda: redis_client().hget(bell_key(tenant.slug), "status") == b"SUSPENDED")
    finally:
        owner_connection.execute("UPDATE tenants SET currency = '' WHERE slug = %s", [tenant.slug])


def hang_up(port: Any) -> None:
    """End every connection of the application's login to this database."""
    connections["default"].close()
    login = connections["default"].settings_dict
    with psycopg.connect(
        host=login["HOST"], port=port, dbname=login["NAME"], user=login["USER"], password=login["PASSWORD"], autocommit=True
    ) as own:
        own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


@pytest.mark.usefixtures("refresher")
def test_an_outage_is_logged_once_and_survived(tenant: TenantRecord, caplog: pytest.LogCaptureFixture) -> None:
    save("1.00")
    assert setting(LIMIT) == Decimal("1.00")
    address = connections.settings["default"]
    port, address["PORT"] = address["PORT"], 1
    try:
        with caplog.at_level(logging.INFO, "config_mgmt.refresher"):
            hang_up(port)
            assert within(5, lambda: "database is away" in caplog.text)
            time.sleep(0.5)
            address["PORT"] = port
            assert within(5, lambda: "database is back" in caplog.text)
    finally:
        address["PORT"] = port
    assert caplog.text.count("database is away") == 1
    save("2.00")
    assert within(2, lambda: bool(setting(LIMIT) == Decimal("2.00")))
