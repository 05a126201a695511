"""The database and its three logins: owner (migrations), payment_engine_role (web, workers), platform (reads everywhere)."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from payment_engine.devserver.servers import keep_secret

DATABASE = "payment_engine"
OWNER, ENGINE, PLATFORM = "payment_engine_owner", "payment_engine_role", "payment_engine_platform"
_ATTRIBUTES = {
    OWNER: "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS",
    ENGINE: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT",
    PLATFORM: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT",
}
_SETTINGS = {
    ENGINE: {"lock_timeout": "3s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "10s"},
    PLATFORM: {
        "lock_timeout": "3s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "10s",
        "default_transaction_read_only": "on",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    engine: str
    owner: str
    platform: str

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.engine, "DATABASE_OWNER_URL": self.owner, "DATABASE_PLATFORM_URL": self.platform}


def ensure_database(superuser_url: str, *, passwords_file: Path) -> DatabaseUrls:
    """Create what is missing of roles, passwords and database. A second call changes nothing; passwords are kept, mode 0600."""
    passwords = _kept_passwords(passwords_file)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, password in passwords.items():
            _ensure_role(connection, role, password)
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    urls = {role: login_url(superuser_url, role, password) for role, password in passwords.items()}
    return DatabaseUrls(engine=urls[ENGINE], owner=urls[OWNER], platform=urls[PLATFORM])


def login_url(superuser_url: str, role: str, password: str) -> str:
    """The same server, another login, our database."""
    parts = urlsplit(superuser_url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password, safe='')}@{address}", path=f"/{DATABASE}"))


def _kept_passwords(file: Path) -> dict[str, str]:
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    passwords = {role: kept.get(role) or secrets.token_urlsafe(24) for role in _ATTRIBUTES}
    if passwords != kept:
        keep_secret(file, json.dumps(passwords, indent=1) + "\n")
    return passwords


def _ensure_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    """The password travels as its scram verifier, so that no server log can show it."""
    name = sql.Identifier(role)
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    attributes = sql.SQL(_ATTRIBUTES[role])
    connection.execute(sql.SQL("ALTER ROLE {} WITH {} PASSWORD {}").format(name, attributes, sql.Literal(verifier)))
    for setting, value in _SETTINGS.get(role, {}).items():
        connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))
