"""The tenant in context: one ContextVar is the only source, the database backend turns it into `SET LOCAL`.

No scope means no rows and refused writes. A new thread starts with no scope: carry it with `contextvars.copy_context`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Final, Protocol

from msgspec import Struct

from tenants.errors import TenantRequired

POOL_SCHEMA: Final = "payment_engine"


class HasPlacement(Protocol):
    """What a scope needs to know of a tenant: its slug and the PostgreSQL schema its rows live in."""

    @property
    def slug(self) -> str: ...

    @property
    def schema(self) -> str: ...


class Scope(Struct, frozen=True, kw_only=True):
    """Who the current work is for. `platform` reads across the tenants of `schema` and writes nowhere."""

    tenant_id: str | None
    schema: str
    platform: bool = False


_scope: ContextVar[Scope | None] = ContextVar("tenant_scope", default=None)


def current_scope() -> Scope | None:
    return _scope.get()


def current_tenant_id() -> str:
    """The slug of the tenant in context; raises TenantRequired. Default of every `tenant_id` column."""
    scope = _scope.get()
    if scope is None or scope.tenant_id is None:
        raise TenantRequired("this needs a tenant in context and none is set")
    return scope.tenant_id


class _InScope:
    """A class, because every request enters one and a generator takes three times as long."""

    __slots__ = ("_scope", "_token")
    _token: Token[Scope | None]

    def __init__(self, scope: Scope | None) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        if hasattr(self, "_token"):
            raise RuntimeError("make another scope instead of entering this one again")
        self._token = _scope.set(self._scope)

    def __exit__(self, *_error: object) -> None:
        _scope.reset(self._token)


def use(scope: Scope | None) -> _InScope:
    """Work in this scope, and in the one before again at the end. What comes back is entered once."""
    return _InScope(scope)


def scope_of(tenant: HasPlacement) -> Scope:
    return Scope(tenant_id=tenant.slug, schema=tenant.schema)


@contextmanager
def tenant_scope(tenant: HasPlacement) -> Iterator[None]:
    """Work for one tenant: its rows are the only ones that exist."""
    with use(scope_of(tenant)):
        yield


@contextmanager
def platform_scope(schema: str = POOL_SCHEMA) -> Iterator[None]:
    """Read across the tenants of one schema with the platform login; nothing can be written."""
    with use(Scope(tenant_id=None, schema=schema, platform=True)):
        yield
