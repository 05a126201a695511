"""What an API client is allowed right now, cached per process for at most five seconds.

A token says what its client could do when it was issued; this says what is left of that. One request reads it anew before it is too
old; those beside it go on with what is known, else all threads of a process would read at the same moment.
"""

import time
from dataclasses import dataclass
from typing import Final

from tenants.context import use
from tenants.database.on_loop import off_loop
from tenants.models import ApiClient

RENEWAL_SECONDS: Final = 4.0
STALENESS_SECONDS: Final = 5.0
MAX_CLIENTS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStanding:
    """`tokens_valid_from` (POSIX): tokens issued before it are withdrawn. `person` answers for the client, else the client itself."""

    tenant: str | None
    scopes: frozenset[str]
    tokens_valid_from: float
    person: str


_standings: dict[str, tuple[float, ClientStanding | None]] = {}
_being_read: set[str] = set()


def client_standing(client_id: str) -> ClientStanding | None:
    """The client's standing; None when there is no such client (any more)."""
    cached = _standings.get(client_id)
    asked_at = time.monotonic()
    if cached is not None and asked_at - cached[0] < (STALENESS_SECONDS if client_id in _being_read else RENEWAL_SECONDS):
        return cached[1]
    _being_read.add(client_id)
    try:
        standing = off_loop(_load, client_id)
    finally:
        _being_read.discard(client_id)
    if len(_standings) >= MAX_CLIENTS:
        _standings.clear()
    _standings[client_id] = asked_at, standing
    return standing


def forget() -> None:
    """Drop the cache: the next look-up in this process reads the database."""
    _standings.clear()


def _load(client_id: str) -> ClientStanding | None:
    with use(None):  # clients are in the registry: no tenant is needed to read them
        row = ApiClient.objects.filter(client_id=client_id).values_list("tenant_id", "scopes", "tokens_valid_from", "person").first()
    if row is None:
        return None
    tenant, scopes, valid_from, person = row
    return ClientStanding(
        tenant=tenant,
        scopes=frozenset(scopes.split()),
        tokens_valid_from=valid_from.timestamp() if valid_from else 0.0,
        person=person or client_id,
    )
