"""What the commands about tenants have in common."""

import getpass
from argparse import ArgumentTypeError
from collections.abc import Sequence

from django.core.management.base import CommandError

from config_mgmt.values import Actor
from payment_engine.errors import EngineError
from payment_engine.onboarding.refusals import refusal
from tenants import registry
from tenants.models import Tenant

TENANT_HELP = "slug (demo-bank) or number (TIDLT-100002)"


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
    registry.forget()
    try:
        slug = registry.tenant_by_slug_or_reference(text).slug
    except EngineError as error:
        raise CommandError(f"{refusal(error)}: {text}. See manage.py tenant_list") from error
    return Tenant.objects.select_related("placement").get(slug=slug)


def as_table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
