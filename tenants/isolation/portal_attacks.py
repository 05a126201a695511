"""Attacks through the portal: an operator of one tenant opens the addresses of another one's objects.

The pages are asked for in this process, against the same database, with a session of a person made for the purpose.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tenants.context import use
from tenants.isolation.findings import Finding, Outcome, held, leak, nothing, unclear
from tenants.isolation.ground import Loot, Raid, address_of
from tenants.models import StaffUser, Tenant, TenantModel
from tenants.operations.staff import create_staff_user
from tenants.registry import TenantRecord

_PAGE, _CLOSED = 200, frozenset({302, 403, 404})

PROOF_USER = "isolation-proof-"
"""How the names of the people begin who are made for a proof."""


def attack_portal(raid: Raid, loot: Loot) -> Iterator[Finding]:
    """Every page of every tenant-owned model: first its lists, then what takes an id, with the victim's ids."""
    admin.autodiscover()  # the portal is loaded with its addresses, and nobody may have asked for one yet
    shown = [model for model in loot.objects if model in admin.site._registry]  # noqa: SLF001  # the only way to ask
    if not shown:
        yield _finding(raid, "pages", "/admin/", nothing("no model of a tenant is in the portal"))
        return
    with _operator(raid.attacker.tenant) as mine, _operator(raid.victim.tenant) as theirs:
        for model in shown:
            for name, address in _pages(model):
                yield _finding(raid, "lists and forms", name, _list(mine, theirs, address, loot))
        for model in shown:
            for name, address in _pages(model, loot.objects[model][0]):
                yield _finding(raid, "an object's pages", name, _page(mine, theirs, address, loot))
                yield _finding(raid, "a form sent to an object", name, _form(mine, address, loot))


def _finding(raid: Raid, attack: str, target: str, outcome: Outcome) -> Finding:
    return Finding(area="portal", attack=attack, target=target, attacker=raid.attacker.slug, victim=raid.victim.slug, outcome=outcome)


@contextmanager
def _operator(tenant: TenantRecord) -> Iterator[Client]:
    """A browser in which an operator of the tenant is signed in. The person and the session are removed afterwards."""
    host = next((name for name in settings.ALLOWED_HOSTS if not name.startswith(("*", "."))), "localhost")
    client = Client(raise_request_exception=False, SERVER_NAME=host)
    username = f"{PROOF_USER}{secrets.token_hex(6)}"
    with use(None):
        user = create_staff_user(username=username, password=secrets.token_urlsafe(24), tenant=Tenant.objects.get(slug=tenant.slug))
        try:
            client.force_login(user)
            yield client
        finally:
            with use(None):
                client.logout()
                StaffUser.objects.filter(username=username).delete()


def _ask(client: Client, method: str, address: str, **options: Any) -> tuple[int, str]:  # noqa: ANN401  # Django's own options
    with use(None):
        response: Any = getattr(client, method)(address, secure=True, **options)
        text = b"".join(response) if response.streaming else response.content
    return response.status_code, text.decode(errors="replace")


def _pages(model: type[TenantModel], found: TenantModel | None = None) -> Iterator[tuple[str, str]]:
    """Names and addresses of the model's pages: those that take no id, or those of one object under every way to write its id."""
    written = [[]] if found is None else [[quote(each)] for each in dict.fromkeys((str(found.pk), address_of(found)))]
    for pattern in admin.site._registry[model].get_urls():  # noqa: SLF001  # as above
        for arguments in written if pattern.name else ():
            with suppress(NoReverseMatch):
                yield str(pattern.name), reverse(f"admin:{pattern.name}", args=arguments)


def _page(mine: Client, theirs: Client, address: str, loot: Loot) -> Outcome:
    status, text = _ask(mine, "get", address)
    if told := loot.found_in(text, but=address):
        return leak(f"{address} answered {status} with {told}")
    control, _ = _ask(theirs, "get", address)
    if control != _PAGE:
        return nothing(f"{status}, and {control} for the other tenant's own operator")
    return held(str(status)) if status in _CLOSED else unclear(f"{address} answered {status}")


def _form(mine: Client, address: str, loot: Loot) -> Outcome:
    status, text = _ask(mine, "post", address, data={"post": "yes", "_save": "Save"})
    if told := loot.found_in(text, but=address):
        return leak(f"{address} answered {status} with {told}")
    return held(str(status)) if status in _CLOSED or status == 405 else unclear(f"{address} answered {status}")  # noqa: PLR2004


def _list(mine: Client, theirs: Client, address: str, loot: Loot) -> Outcome:
    _, shown_to_them = _ask(theirs, "get", address)
    status, text = _ask(mine, "get", address)
    if told := loot.found_in(text):
        return leak(f"{address} shows {told}")
    if status != _PAGE:
        return held(str(status)) if status in _CLOSED else unclear(f"{address} answered {status}")
    return held("shows one's own only") if loot.found_in(shown_to_them) else nothing("the other tenant's page shows nothing either")
