"""What the commands about tenants have in common."""

import getpass
from argparse import ArgumentTypeError
from collections.abc import Sequence

from config_mgmt.values import Actor
from tenants.command_line import tenant_named
from tenants.models import Tenant


def reason_given(text: str) -> str:
    """The type of an argument that says why."""
    if not text.strip():
        raise ArgumentTypeError("say why: it stands in the tenant's history")
    return text


def operator(command: str) -> Actor:
    """Who sits at the terminal."""
    person = getpass.getuser()
    return Actor(name=f"{command} ({person})", person=person)


def named_tenant(text: str) -> Tenant:
    return Tenant.objects.select_related("placement").get(slug=tenant_named(text).slug)


def as_table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
