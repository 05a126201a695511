"""Connections that outlive a request: persistent ones, psycopg's pool, and PgBouncer handing one server to everybody."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import Customer
from tenants.context import scope_of, tenant_scope, use
from tenants.registry import TenantRecord

pytestmark = pytest.mark.django_db(transaction=True)
PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
READS = 200


@pytest.fixture(autouse=True)
def _one_customer_each(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    for tenant in (tenant_a, tenant_b):
        with tenant_scope(tenant):
            Customer.objects.create(name=tenant.slug)


def readers(*tenants: TenantRecord, atomic: bool) -> list[tuple[str, list[str]]]:
    """One thread per tenant, reading at the same time over connections of their own; (tenant, what it saw) where it is wrong."""
    wrong: list[tuple[str, list[str]]] = []
    start = threading.Barrier(len(tenants))

    def read(tenant: TenantRecord) -> None:
        start.wait()
        try:
            with tenant_scope(tenant):
                for _ in range(READS):
                    with transaction.atomic() if atomic else nullcontext():
                        seen = list(Customer.objects.values_list("name", flat=True))
                    if seen != [tenant.slug]:
                        wrong.append((tenant.slug, seen))
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(tenant,)) for tenant in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.fixture
def road(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Change how connections made from now on reach PostgreSQL: `road(PORT="6432", OPTIONS={…})`."""
    settings = connection.settings_dict

    def change(*, options: dict[str, Any], **changes: object) -> None:
        connection.close()
        for name, value in changes.items():
            monkeypatch.setitem(settings, name, value)
        monkeypatch.setitem(settings, "OPTIONS", settings["OPTIONS"] | options)

    yield change
    connection.close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has it


def test_a_persistent_connection_serves_tenants_in_turn(tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    seen = set()
    for tenant in (tenant_a, None, tenant_b) * 20:
        with use(scope_of(tenant) if tenant else None), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), array(SELECT name::text FROM customers)")
            seen.add((tenant and tenant.slug, *map(str, cursor.fetchone())))
    (process,) = {pid for _, pid, _ in seen}
    assert seen == {("alpha-bank", process, "['alpha-bank']"), ("beta-bank", process, "['beta-bank']"), (None, process, "[]")}


def test_a_connection_that_dies_is_replaced_and_bound_again(tenant_a: TenantRecord) -> None:
    with tenant_scope(tenant_a):
        assert Customer.objects.count() == 1
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        connection.close_if_unusable_or_obsolete()
        assert Customer.objects.count() == 1


@pytest.mark.parametrize("atomic", [False, True], ids=["autocommit", "atomic"])
def test_a_pool_with_one_connection_mixes_nothing_up(
    road: Callable[..., None], atomic: bool, tenant_a: TenantRecord, tenant_b: TenantRecord
) -> None:
    road(CONN_MAX_AGE=0, options={"pool": {"min_size": 1, "max_size": 1}})
    assert readers(tenant_a, tenant_b, atomic=atomic) == []


@pytest.fixture
def pgbouncer() -> Iterator[int]:
    """PgBouncer in transaction mode with one server connection for everybody; its port."""
    if PGBOUNCER is None:
        pytest.skip("pgbouncer is not installed on this machine (apt-get install pgbouncer)")
    settings = connection.settings_dict
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (folder / "users.txt").write_text(f'"{settings["USER"]}" "{settings["PASSWORD"]}"\n')
    server_port = _bridge(settings["HOST"], int(settings["PORT"])) if settings["HOST"].startswith("/") else settings["PORT"]
    server = f"host=127.0.0.1 port={server_port} dbname={settings['NAME']} user={settings['USER']}"
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{settings['NAME']} = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {folder / 'users.txt'}\npool_mode = transaction\ndefault_pool_size = 1\n"
        f"logfile = {folder / 'log'}\nserver_reset_query =\n"
    )
    as_nobody: dict[str, Any] = {}
    if os.geteuid() == 0:  # it refuses to run as root
        as_nobody = {"user": "nobody"}
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, "nobody")
    process = subprocess.Popen([PGBOUNCER, "-q", folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL, **as_nobody)
    try:
        _wait_until_open(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(folder)


def _bridge(folder: str, port: int) -> int:
    """A TCP port that leads to PostgreSQL's private Unix socket, which pgbouncer's user may not open."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                sink.sendall(block)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            client, _ = listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{folder}/.s.PGSQL.{port}")
            for pair in ((client, server), (server, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, "pgbouncer ended at once"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not listen")


@pytest.mark.parametrize("atomic", [False, True], ids=["autocommit", "atomic"])
def test_pgbouncer_in_transaction_mode_mixes_nothing_up(
    pgbouncer: int, road: Callable[..., None], atomic: bool, tenant_a: TenantRecord, tenant_b: TenantRecord
) -> None:
    login = connection.settings_dict
    road(HOST="127.0.0.1", PORT=str(pgbouncer), options={"prepare_threshold": None})
    assert readers(tenant_a, tenant_b, atomic=atomic) == []
    with psycopg.connect(host="127.0.0.1", port=pgbouncer, dbname=login["NAME"], user=login["USER"], password=login["PASSWORD"]) as plain:
        left = plain.execute("SELECT current_setting('app.current_tenant', true), (SELECT count(*) FROM payment_engine.customers)")
        assert left.fetchone() in {("", 0), (None, 0)}  # whoever gets the server connection next finds no tenant on it
