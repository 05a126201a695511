"""The embedded servers by themselves: what survives a stop, a kill -9 and a wrong lock file, and who may log in."""

import os
import socket
from pathlib import Path

import psycopg
import pytest

from payment_engine.devserver.processes import processes_in
from payment_engine.devserver.roles import ensure_database
from payment_engine.devserver.servers import LONGEST_SOCKET_FOLDER
from tests.devserver.conftest import Servers


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM survivor").fetchone()
    assert row is not None
    return int(row[0])


def test_postgres_keeps_every_committed_row_over_ten_kills(folder: Path, servers: Servers) -> None:
    postgres = servers.postgres(folder)
    postgres.start()
    with psycopg.connect(postgres.superuser_url) as connection:
        connection.execute("CREATE TABLE survivor (round int)")
    for round_number in range(10):
        with psycopg.connect(postgres.superuser_url) as connection:
            connection.execute("INSERT INTO survivor VALUES (%s)", [round_number])
        postgres.kill()
        postgres.start()
        assert count(postgres.superuser_url) == round_number + 1
    postgres.stop()
    assert processes_in(postgres.cluster) == []


def test_postgres_starts_although_its_lock_files_name_a_living_stranger(folder: Path, servers: Servers) -> None:
    postgres = servers.postgres(folder, durable=False)
    postgres.start()
    postgres.kill()
    lock_files = [postgres.cluster / "postmaster.pid", folder / f".s.PGSQL.{postgres.port}.lock"]
    for lock_file in lock_files:
        lines = lock_file.read_text().splitlines()
        lock_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")  # a process id that was given out again
    postgres.start()


def test_postgres_replaces_a_half_made_cluster(folder: Path, servers: Servers) -> None:
    draft = folder / "cluster.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    postgres = servers.postgres(folder, durable=False)
    postgres.start()
    postgres.stop()
    assert not draft.exists()


def test_postgres_below_a_long_path_is_reached_over_tcp(folder: Path, servers: Servers) -> None:
    long_folder = folder / ("d" * LONGEST_SOCKET_FOLDER)
    postgres = servers.postgres(long_folder, durable=False)
    assert "127.0.0.1" in postgres.superuser_url
    postgres.start()
    with psycopg.connect(postgres.superuser_url) as connection:
        assert connection.info.host == "127.0.0.1"


def test_logins_are_made_once_and_none_of_them_passes_row_level_security(folder: Path, servers: Servers) -> None:
    postgres = servers.postgres(folder / "postgres", durable=False)
    postgres.start()
    passwords_file = folder / "roles.json"
    urls = ensure_database(postgres.superuser_url, passwords_file=passwords_file)
    assert ensure_database(postgres.superuser_url, passwords_file=passwords_file) == urls
    assert passwords_file.stat().st_mode & 0o777 == 0o600
    for url in (urls.engine, urls.owner, urls.platform):
        with psycopg.connect(url) as connection:
            rights = connection.execute("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
            assert rights.fetchone() == (False, False, False)
    with psycopg.connect(urls.engine) as connection:
        assert connection.execute("SHOW lock_timeout").fetchone() == ("3s",)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)
    with psycopg.connect(urls.platform) as connection:
        assert connection.execute("SHOW default_transaction_read_only").fetchone() == ("on",)


def test_postgres_lets_nobody_in_without_the_password(folder: Path, servers: Servers) -> None:
    postgres = servers.postgres(folder, durable=False)
    postgres.start()
    for address in (f"host={folder} port={postgres.port}", f"host=127.0.0.1 port={postgres.port}"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"{address} user=postgres dbname=postgres password=postgres")


def test_valkey_answers_only_with_the_password(folder: Path, servers: Servers) -> None:
    valkey = servers.valkey(folder)
    valkey.start()
    with socket.create_connection(("127.0.0.1", valkey.port), timeout=2) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(64).startswith(b"-NOAUTH")
    valkey.stop()
    assert not valkey.is_ready()
