"""The tenant in context: one ContextVar is the only source, the database backend turns it into `SET LOCAL`.

No scope means no rows and refused writes. A new thread starts with no scope: carry it with `contextvars.copy_context`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from tenants.errors import TenantRequired

POOL_SCHEMA: Final = "payment_engine"


class HasPlacement(Protocol):
    """What a scope needs to know of a tenant: its slug and the PostgreSQL schema its rows live in."""

    @property
    def slug(self) -> str: ...

    @property
    def schema(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
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


@contextmanager
def use(scope: Scope | None) -> Iterator[None]:
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


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
