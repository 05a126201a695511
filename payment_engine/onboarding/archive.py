"""Everything a tenant has, in one file: a ZIP of JSON lines, one member per table, with counts and checksums.

Read in one transaction that sees one moment, streamed row by row, readable by its owner alone. Hashes of secrets stay out.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from django.db import connection, transaction
from psycopg import sql

from payment_engine.clock import now
from payment_engine.errors import Conflict, Malformed
from payment_engine.places import check_place
from tenants.context import tenant_scope
from tenants.models import Tenant

MANIFEST: Final = "manifest.json"
_OWNED: Final = """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped ORDER BY c.relname"""
# Of the registry, which has no row-level security: by table, which rows are the tenant's, and what of them is not exported.
_REGISTRY: Final = {
    "tenants": ("slug", ()),
    "domains": ("tenant_id", ()),
    "api_clients": ("tenant_id", ("client_secret",)),
    "staff_users": ("tenant_id", ("password",)),
}
_UNHURRIED: Final = """SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"""


class ArchiveDamaged(Conflict):
    """What was read back from the archive is not what was written to it."""

    code, title = "archive_damaged", "Archive damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedTable:
    name: str
    file: str
    rows: int
    bytes: int
    sha256: str


def check_archive(path: Path) -> None:
    """That an archive may be written there, before anything is done for it. Raises Conflict or Malformed."""
    check_place(path)
    if path.exists():
        raise Conflict(f"{path} exists already: name another file")


def export_archive(*, tenant: Tenant, path: Path) -> list[ArchivedTable]:
    """Write the archive, read it back, and only then give it its name. Never overwrites a file."""
    check_archive(path)
    scratch = path.with_name(path.name + ".part")
    try:
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                tables = _write(tenant, archive)
            file.flush()
            os.fsync(file.fileno())
        verify_archive(scratch)
        scratch.rename(path)
    except OSError as error:
        raise Malformed(f"{path} can't be written: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)
    return tables


def verify_archive(path: Path) -> list[ArchivedTable]:
    """Count and hash every member again; raises ArchiveDamaged for what differs from the manifest."""
    with zipfile.ZipFile(path) as archive:
        tables = [ArchivedTable(**table) for table in json.loads(archive.read(MANIFEST))["tables"]]
        for table in tables:
            with archive.open(table.file) as member:
                found = _measured(table.name, table.file, member)
            if found != table:
                raise ArchiveDamaged(f"{table.file} of {path} is not what was written")
    return tables


def _measured(name: str, file: str, lines: Iterable[bytes], into: IO[bytes] | None = None) -> ArchivedTable:
    digest, rows, size = hashlib.sha256(), 0, 0
    for line in lines:
        digest.update(line)
        rows, size = rows + 1, size + len(line)
        if into is not None:
            into.write(line)
    return ArchivedTable(name=name, file=file, rows=rows, bytes=size, sha256=digest.hexdigest())


def _write(tenant: Tenant, archive: zipfile.ZipFile) -> list[ArchivedTable]:
    with tenant_scope(tenant), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_UNHURRIED)
            cursor.execute(_OWNED, [f'"{tenant.schema}"'])
            owned = [name for (name,) in cursor.fetchall()]
        tables = [_member(archive, name, f"{name}.jsonl", _rows(tenant.schema, name)) for name in owned]
        for name, (column, left_out) in _REGISTRY.items():
            rows = _rows("public", name, where=(column, tenant.slug), left_out=left_out)
            tables.append(_member(archive, f"registry.{name}", f"registry/{name}.jsonl", rows))
    archive.writestr(MANIFEST, json.dumps(_manifest(tenant, tables), indent=1))
    return tables


def _manifest(tenant: Tenant, tables: list[ArchivedTable]) -> dict[str, object]:
    return {
        "format": "payment-engine-tenant-archive-1",
        "tenantId": tenant.slug,
        "reference": tenant.reference,
        "schema": tenant.schema,
        "exportedAt": now().isoformat(),
        "tables": [asdict(table) for table in tables],
    }


def _member(archive: zipfile.ZipFile, name: str, file: str, lines: Iterator[bytes]) -> ArchivedTable:
    with archive.open(file, "w", force_zip64=True) as member:
        return _measured(name, file, lines, into=member)


def _rows(schema: str, table: str, *, where: tuple[str, str] | None = None, left_out: tuple[str, ...] = ()) -> Iterator[bytes]:
    """One JSON object per row, by COPY: PostgreSQL hands them over as it finds them."""
    query = sql.SQL("COPY (SELECT (to_jsonb(t) - {}::text[])::text FROM {} t WHERE {} ORDER BY {}) TO STDOUT").format(
        sql.Literal(list(left_out)),
        sql.Identifier(schema, table),
        sql.SQL("{} = {}").format(sql.Identifier(where[0]), sql.Literal(where[1])) if where else sql.SQL("true"),
        sql.Identifier("slug" if table == "tenants" else "id"),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for (text,) in copy.rows():
            yield text.encode() + b"\n"
