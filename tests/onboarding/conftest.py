"""Commands as an operator runs them: processes of their own on the test's database, with the login manage.py takes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

from tenants import registry

PROJECT = Path(__file__).parents[2]
Manage = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def manage(owner_connection: psycopg.Connection[Any]) -> Iterator[Manage]:
    """Start `manage.py …`; schemas it makes are dropped afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
    names = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")
    urls = {name: urlunsplit(urlsplit(os.environ[name])._replace(path=f"/{database}")) for name in names}
    schemas = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%\\_bank'"
    there = set(owner_connection.execute(schemas).fetchall())
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "manage.py", *arguments]
        environment = os.environ | urls | {"LOG_LEVEL": "ERROR"}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running.append(subprocess.Popen(command, cwd=PROJECT, env=environment, **pipes))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
    connection.close()
    owner_connection.execute("TRUNCATE api_clients, staff_users CASCADE")
    for (schema,) in set(owner_connection.execute(schemas).fetchall()) - there:
        owner_connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
        owner_connection.execute("DELETE FROM tenants WHERE placement_id = (SELECT id FROM placements WHERE schema_name = %s)", [schema])
        owner_connection.execute("DELETE FROM placements WHERE schema_name = %s", [schema])
    registry.forget()


@pytest.fixture
def run(manage: Manage) -> Callable[..., "tuple[int, str, str]"]:
    """Run a command to its end: exit code, output, errors."""

    def to_its_end(*arguments: str) -> "tuple[int, str, str]":
        process = manage(*arguments)
        output, errors = process.communicate(timeout=120)
        registry.forget()
        return process.returncode, output, errors

    return to_its_end
