"""Attacks on the tenant in context: everything that runs later, elsewhere or in between."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from typing import Any, Final
from uuid import uuid4

from asgiref.sync import sync_to_async
from celery import Celery
from celery.app.trace import build_tracer
from django.conf import settings
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from tenants.context import Scope, current_scope, use
from tenants.errors import TenantRequired, TenantUnknown
from tenants.isolation.findings import Finding, Outcome, held, judged, leak, nothing
from tenants.isolation.ground import Loot, Raid
from tenants.middleware import portal_tenant_middleware
from tenants.models import StaffUser, TenantModel
from tenants.registry import tenant_by_slug
from tenants.tasking import TENANT_HEADER, TenantTask

_ROUNDS: Final = 10


class _Probe:
    """Looks at one table from wherever it is called: which of the two tenants' rows are there?"""

    def __init__(self, raid: Raid, model: type[TenantModel]) -> None:
        self.mine, self.theirs = raid.attacker, raid.victim
        self.model = model

    def visible(self) -> frozenset[str]:
        rows = self.model._base_manager.filter(tenant_id__in=[self.mine.slug, self.theirs.slug])  # noqa: SLF001
        return frozenset(rows.values_list("tenant_id", flat=True).distinct())

    def only(self, expected: Scope | None, *seen: frozenset[str]) -> Outcome:
        """Every look must have shown this scope's own rows (as far as it has any) and nobody else's."""
        allowed = frozenset() if expected is None else frozenset({expected.tenant_id})
        others = frozenset().union(*seen) - allowed
        return leak(f"rows of {', '.join(sorted(others))} were visible") if others else held("its own rows" if expected else "0 rows")


ContextAttack = Callable[[_Probe], Outcome]
CONTEXT_ATTACKS: Final[dict[str, tuple[str, ContextAttack]]] = {}


def _attack(name: str, *, area: str = "context") -> Callable[[ContextAttack], ContextAttack]:
    def register(attack: ContextAttack) -> ContextAttack:
        CONTEXT_ATTACKS[name] = area, attack
        return attack

    return register


def attack_context(raid: Raid, loot: Loot) -> Iterator[Finding]:
    probe = _Probe(raid, min(loot.objects, key=lambda model: _size(raid, model))) if loot.objects else None
    for name, (area, attack) in CONTEXT_ATTACKS.items():
        outcome = nothing("no rows to steal") if probe is None else judged(partial(attack, probe))
        target = probe.model._meta.label if probe else "-"  # noqa: SLF001  # Django's documented name
        yield Finding(area=area, attack=name, target=target, attacker=raid.attacker.slug, victim=raid.victim.slug, outcome=outcome)


def _size(raid: Raid, model: type[TenantModel]) -> tuple[bool, int]:
    """Small tables first, but rather one in which both tenants have rows."""
    table = model._meta.db_table  # noqa: SLF001  # as above
    mine = raid.attacker.counts.get(f"{raid.attacker.tenant.schema}.{table}", 0)
    theirs = raid.victim.counts.get(f"{raid.victim.tenant.schema}.{table}", 0)
    return mine == 0, mine + theirs


def _in_thread(work: Callable[[], Any]) -> Any:  # noqa: ANN401
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


@_attack("a new thread")
def _thread(probe: _Probe) -> Outcome:
    with use(probe.theirs.scope):
        return probe.only(None, _in_thread(probe.visible))


@_attack("a thread that carries the context")
def _thread_with_context(probe: _Probe) -> Outcome:
    with use(probe.mine.scope):
        context = copy_context()
    with use(probe.theirs.scope):
        return probe.only(probe.mine.scope, _in_thread(lambda: context.run(probe.visible)))


@_attack("async tasks side by side")
def _async_tasks(probe: _Probe) -> Outcome:
    async def looks(scope: Scope) -> list[frozenset[str]]:
        with use(scope):
            return [await sync_to_async(_in_thread_of_pool, thread_sensitive=False)(probe) for _ in range(_ROUNDS)]

    async def both() -> tuple[list[frozenset[str]], list[frozenset[str]]]:
        return await asyncio.gather(looks(probe.mine.scope), looks(probe.theirs.scope))

    mine, theirs = _in_thread(lambda: asyncio.run(both()))
    found = (probe.only(probe.mine.scope, *mine), probe.only(probe.theirs.scope, *theirs))
    return next((outcome for outcome in found if outcome.verdict == "LEAK"), found[0])


def _in_thread_of_pool(probe: _Probe) -> frozenset[str]:
    try:
        return probe.visible()
    finally:
        connections.close_all()


@_attack("one connection, tenants in turn")
def _in_turn(probe: _Probe) -> Outcome:
    for _ in range(_ROUNDS):
        for scope in (probe.theirs.scope, None, probe.mine.scope, None):
            with use(scope):
                outcome = probe.only(scope, probe.visible())
            if outcome.verdict == "LEAK":
                return outcome
    return held("each its own rows")


@_attack("another scope inside one transaction")
def _inside_transaction(probe: _Probe) -> Outcome:
    with use(probe.mine.scope), transaction.atomic():
        before = probe.visible()
        with use(probe.theirs.scope):
            probe.visible()
        return probe.only(probe.mine.scope, before, probe.visible())


@_attack("savepoint rolled back in another scope")
def _savepoint(probe: _Probe) -> Outcome:
    with use(probe.mine.scope), transaction.atomic():
        savepoint = transaction.savepoint()
        with use(probe.theirs.scope):
            probe.visible()
            transaction.savepoint_rollback(savepoint)
        after = probe.visible()
        try:
            with use(probe.theirs.scope), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        except ArithmeticError:
            pass
        except Exception as error:
            if "division by zero" not in str(error):
                raise
        return probe.only(probe.mine.scope, after, probe.visible())


@_attack("a cursor opened in another scope")
def _foreign_cursor(probe: _Probe) -> Outcome:
    table = connection.ops.quote_name(probe.model._meta.db_table)  # noqa: SLF001  # as above
    with use(probe.theirs.scope), connection.cursor() as cursor, use(probe.mine.scope):
        cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [probe.theirs.slug])  # noqa: S608  # quoted
        (rows,) = cursor.fetchone()
    return leak(f"{rows} rows") if rows else held("0 rows")


@_attack("an iterator in autocommit")
def _iterator(probe: _Probe) -> Outcome:
    with use(probe.mine.scope):
        rows = probe.model._base_manager.values_list("tenant_id", flat=True)[:1000].iterator(chunk_size=2)  # noqa: SLF001
        return probe.only(probe.mine.scope, frozenset(rows))


@_attack("on_commit hook, committed in another scope")
def _on_commit(probe: _Probe) -> Outcome:
    if connection.in_atomic_block:
        return nothing("inside a transaction nothing is committed")
    seen: list[frozenset[str]] = []
    with use(probe.theirs.scope), transaction.atomic():
        probe.visible()
        with use(probe.mine.scope):
            transaction.on_commit(lambda: seen.append(probe.visible()))
    return probe.only(probe.mine.scope, *seen) if seen else leak("the hook did not run")


@_attack("a streamed answer, read in another scope")
def _stream(probe: _Probe) -> Outcome:
    def lines() -> Iterator[bytes]:
        for _ in range(3):
            yield ",".join(sorted(probe.visible())).encode() + b";"

    def view(_request: HttpRequest) -> HttpResponseBase:
        return StreamingHttpResponse(lines())

    host = next((name for name in settings.ALLOWED_HOSTS if not name.startswith(("*", "."))), "localhost")
    request = RequestFactory(SERVER_NAME=host).get("/admin/")
    request.user = StaffUser(username="isolation-proof", is_staff=True, tenant_id=probe.mine.slug)  # never saved
    with use(probe.theirs.scope):
        response = portal_tenant_middleware(view)(request)
        assert isinstance(response, StreamingHttpResponse)  # noqa: S101  # made by our own view
        text = b"".join(response).decode()
    return probe.only(probe.mine.scope, frozenset(filter(None, text.replace(",", ";").split(";"))))


# --- Celery ----------------------------------------------------------------------------------------------------------


def _worker(probe: _Probe) -> Callable[[dict[str, str]], tuple[str, Any]]:
    """What a worker does with a message: `receive(headers)` gives the task's state and result."""
    app = Celery("isolation-proof", broker="memory://", set_as_current=False)
    name = f"isolation-proof.{uuid4().hex}"

    @app.task(base=TenantTask, name=name, throws=(TenantRequired, TenantUnknown))
    def look() -> list[str]:
        return sorted(probe.visible())

    trace = build_tracer(name, look, app=app)

    def receive(headers: dict[str, str]) -> tuple[str, Any]:
        result, info = trace(uuid4().hex, [], {}, {"headers": headers, "is_eager": True, "delivery_info": {}})[:2]
        return ("FAILURE" if info is not None else "SUCCESS"), result

    return receive


@_attack("a message without a tenant", area="tasks")
def _message_without_tenant(probe: _Probe) -> Outcome:
    receive = _worker(probe)
    receive({TENANT_HEADER: probe.theirs.slug})  # whatever that worker did before must leave nothing behind
    state, result = receive({})
    return held("refused") if state == "FAILURE" and current_scope() is None else leak(f"it ran and saw {result}")


@_attack("a message of one's own, after another tenant's", area="tasks")
def _message_of_ones_own(probe: _Probe) -> Outcome:
    receive = _worker(probe)
    receive({TENANT_HEADER: probe.theirs.slug})
    state, result = receive({TENANT_HEADER: probe.mine.slug})
    return probe.only(probe.mine.scope, frozenset(result)) if state == "SUCCESS" else leak(f"it did not run: {result}")


@_attack("a message for a tenant that does not exist", area="tasks")
def _message_for_nobody(probe: _Probe) -> Outcome:
    state, result = _worker(probe)({TENANT_HEADER: f"{probe.mine.slug}-{uuid4().hex[:8]}"})
    return held("refused") if state == "FAILURE" else leak(f"it ran and saw {result}")


@_attack("sending from no scope", area="tasks")
def _send_from_nowhere(probe: _Probe) -> Outcome:
    app = Celery("isolation-proof", broker="memory://", set_as_current=False)

    @app.task(base=TenantTask, name=f"isolation-proof.{uuid4().hex}")
    def look() -> list[str]:
        return sorted(probe.visible())

    try:
        with use(None):
            look.apply_async()
    except TenantRequired:
        return held("refused")
    return leak("the message was sent")


@_attack("the registry's records, in turn", area="cache")
def _registry_records(probe: _Probe) -> Outcome:
    for _ in range(_ROUNDS):
        for holdings in (probe.mine, probe.theirs):
            if tenant_by_slug(holdings.slug).slug != holdings.slug:
                return leak(f"{holdings.slug} was answered with another tenant's record")
    return held("each tenant its own record")
