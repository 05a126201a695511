"""What stands against closing a tenant for ever: the apps that keep its money and its work say so here."""

from collections.abc import Callable, Sequence
from typing import Final

from tenants.context import tenant_scope
from tenants.models import Tenant

Source = Callable[[], Sequence[str]]
"""Sentences without a full stop about the tenant in context, none if nothing stands against it."""

_sources: Final[list[Source]] = []


def ask_before_closing(source: Source) -> None:
    """Called when the app is ready, which Django says again whenever it changes its list of apps: a source is asked once."""
    if source not in _sources:
        _sources.append(source)


def obstacles(tenant: Tenant) -> list[str]:
    with tenant_scope(tenant):
        return [sentence for source in _sources for sentence in source()]


def counted(number: int, one: str, many: str) -> list[str]:
    return [f"{number} {one if number == 1 else many}"] if number else []
