"""Attack one tenant's rows as another tenant would, in every way we know, and say what held."""

import http.client
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Final

from payment_engine.clock import now
from payment_engine.errors import NotFound
from payment_engine.ids import new_id
from tenants.context import POOL_SCHEMA, use
from tenants.database.login import is_owner_login
from tenants.errors import OwnerLoginMisused, TenantMismatch
from tenants.isolation.api_attacks import DOCUMENT_PATH, ApiRaid, attack_api
from tenants.isolation.cache_attacks import attack_caches
from tenants.isolation.context_attacks import attack_context
from tenants.isolation.document import ApiDocument
from tenants.isolation.findings import Finding, held, leak, skipped, unclear
from tenants.isolation.ground import Loot, OwnedTable, Raid, count_rows, holdings_of, loot_of, owned_tables
from tenants.isolation.model_attacks import attack_models
from tenants.isolation.portal_attacks import PROOF_USER, attack_portal
from tenants.isolation.session_attacks import attack_session
from tenants.isolation.table_attacks import attack_tables
from tenants.isolation.web import Web
from tenants.models import ApiClient, StaffUser
from tenants.operations.clients import create_api_client, delete_api_client
from tenants.queries.isolation_gaps import isolation_gaps
from tenants.registry import TenantRecord, all_tenants, tenant_by_slug_or_reference
from tenants.scopes import TENANT_SCOPES
from tenants.tokens import issue_access_token

_TOKEN_SECONDS = 900
_LONGEST_PROOF = timedelta(hours=1)
PROOF_NAME = "isolation proof"
AREAS: Final = ("SQL", "ORM", "context", "cache", "API", "portal")
"""What can be attacked; tasks go with the context. The catalogs, and the rows afterwards, are looked at whatever was asked for."""
Pair = tuple[TenantRecord, TenantRecord]


def pairs_to_try(names: Sequence[str]) -> list[Pair]:
    """The two tenants named; without names two active ones that share the pool, and one of them with one that does not.

    The oldest of them: the likeliest to have something to steal, which a tenant made a minute ago has not.
    """
    if names:
        mine, theirs = (tenant_by_slug_or_reference(name) for name in names)
        if mine == theirs:
            raise TenantMismatch("two different tenants are needed")
        return [(mine, theirs)]
    active = sorted((tenant for tenant in all_tenants() if tenant.is_active), key=lambda tenant: tenant.reference)
    shared = [tenant for tenant in active if tenant.schema == POOL_SCHEMA]
    own = [tenant for tenant in active if tenant.schema != POOL_SCHEMA]
    pairs = [(shared[0], shared[1])] if len(shared) > 1 else []
    other = (shared[:2] or own)[-1:]
    pairs += [(other[0], own[0])] if own and other[0] != own[0] else []
    if not pairs:
        raise NotFound("two active tenants are needed; make one: manage.py onboard_tenant --name other-bank")
    return pairs


def prove_isolation(*, pairs: Sequence[Pair], base_url: str, areas: Collection[str] = AREAS) -> Iterator[Finding]:
    """Every attack of these areas, in both directions of every pair; nothing is changed.

    People, sessions and API clients made for the purpose are removed again, also when an attack raises; those of a run that
    was killed by the next one.
    """
    if is_owner_login():
        raise OwnerLoginMisused("the proof is about the application's login: run it without DATABASE_LOGIN=owner")
    yield from _catalogs()
    _remove_what_was_left_behind()
    for one, other in pairs:
        tables = owned_tables({one.schema, other.schema})
        began = new_id()
        before = [count_rows(tenant, tables, before=began) for tenant in (one, other)]
        with _web(base_url, one, other) if "API" in areas else nullcontext() as reached:
            for mine, theirs in ((one, other), (other, one)):
                yield from _one_direction(mine, theirs, tables, reached, areas)
        after = [count_rows(tenant, tables, before=began) for tenant in (one, other)]
        yield from (_unchanged(one, other, table, before, after) for table in map(str, tables))


def _remove_what_was_left_behind() -> None:
    """By a run that was killed. A proof takes minutes, so what is older than an hour belongs to none that goes on."""
    before = now() - _LONGEST_PROOF
    with use(None):
        for client_id in ApiClient.objects.filter(name=PROOF_NAME, created__lt=before).values_list("client_id", flat=True):
            delete_api_client(client_id=client_id)
        StaffUser.objects.filter(username__startswith=PROOF_USER, date_joined__lt=before).delete()


def _catalogs() -> Iterator[Finding]:
    for gap in isolation_gaps():
        yield Finding(area="catalogs", attack="catalog check", target=gap.object, attacker="-", victim="-", outcome=leak(gap.gap))
    yield Finding(area="catalogs", attack="catalog check", target="all schemas", attacker="-", victim="-", outcome=held("looked through"))


def _one_direction(
    mine: TenantRecord, theirs: TenantRecord, tables: tuple[OwnedTable, ...], reached: "_Reached | None", areas: Collection[str]
) -> Iterator[Finding]:
    raid = Raid(attacker=holdings_of(mine, tables), victim=holdings_of(theirs, tables), tables=tables)
    loot = loot_of(theirs, mine)
    if "SQL" in areas:
        yield from attack_tables(raid)
        yield from attack_session(raid)
    if "ORM" in areas:
        yield from attack_models(raid, loot)
    if "context" in areas:
        yield from attack_context(raid, loot)
    if "cache" in areas:
        yield from attack_caches(raid, loot)
    if reached is not None:
        yield from reached.attacks(raid, loot)
    if "portal" in areas:
        yield from attack_portal(raid, loot)


def _unchanged(one: TenantRecord, other: TenantRecord, table: str, before: list[dict[str, int]], after: list[dict[str, int]]) -> Finding:
    """Only rows that were there before the first attack are counted, so traffic that adds rows does not disturb."""
    counts = [(was[table], now[table]) for was, now in zip(before, after, strict=True)]
    same = all(was == now for was, now in counts)
    detail = ", ".join(f"{was} → {now}" for was, now in counts)
    outcome = held(detail) if same else unclear(f"{detail}: rows went while the attacks ran; try again while nothing else works")
    return Finding(area="afterwards", attack="rows counted again", target=table, attacker=one.slug, victim=other.slug, outcome=outcome)


class _Reached:
    """The running web with a token of each tenant; or why there is none."""

    def __init__(self, web: Web | None, document: ApiDocument | None, tokens: dict[str, str], why_not: str) -> None:
        self._web, self._document, self._tokens, self._why_not = web, document, tokens, why_not

    def attacks(self, raid: Raid, loot: Loot) -> Iterator[Finding]:
        mine, theirs = raid.attacker.slug, raid.victim.slug
        if self._web is None or self._document is None:
            outcome = skipped(self._why_not)
            yield Finding(area="API", attack="every operation", target="-", attacker=mine, victim=theirs, outcome=outcome)
            return
        yield from attack_api(
            ApiRaid(
                raid=raid,
                loot=loot,
                web=self._web,
                document=self._document,
                token=self._tokens[mine],
                victims_token=self._tokens[theirs],
            )
        )


@contextmanager
def _web(base_url: str, *tenants: TenantRecord) -> Iterator[_Reached]:
    web = Web(base_url)
    clients: list[str] = []
    try:
        try:
            answer = web.send("GET", DOCUMENT_PATH)
            document = ApiDocument(answer.json())
        except (OSError, http.client.HTTPException, ValueError) as error:
            yield _Reached(None, None, {}, f"no web at {base_url}: {error}")
            return
        tokens = {}
        for tenant in tenants:
            clients.append(create_api_client(tenant=tenant.slug, name=PROOF_NAME, scopes=TENANT_SCOPES).client_id)
            tokens[tenant.slug] = issue_access_token(
                client_id=clients[-1], tenant=tenant.slug, scopes=TENANT_SCOPES, lifetime_seconds=_TOKEN_SECONDS
            )
        yield _Reached(web, document, tokens, "")
    finally:
        web.close()
        for client_id in clients:
            delete_api_client(client_id=client_id)
