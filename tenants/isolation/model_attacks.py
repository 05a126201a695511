"""Attacks through Django's ORM: what a mistake in our own code could do with an id or an object of another tenant."""

from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, models, transaction

from payment_engine.ids import new_id
from tenants.context import tenant_scope, use
from tenants.database.fields import TenantForeignKey
from tenants.errors import TenantRequired
from tenants.isolation.findings import Finding, Outcome, held, judged, leak, nothing, sqlstate_of
from tenants.isolation.ground import Loot, Raid, tenant_models, undone
from tenants.models import TenantModel

_INJECTION: Final = "'; SELECT set_config('app.current_tenant', '{slug}', true); --"

ModelAttack = Callable[[Any, Raid], Outcome]
MODEL_ATTACKS: Final[dict[str, ModelAttack]] = {}


def _attack(name: str) -> Callable[[ModelAttack], ModelAttack]:
    def register(attack: ModelAttack) -> ModelAttack:
        MODEL_ATTACKS[name] = attack
        return attack

    return register


def attack_models(raid: Raid, loot: Loot) -> Iterator[Finding]:
    """Every attack with an object of the victim, per model; whatever is changed is rolled back."""
    for model in tenant_models():
        found = loot.objects.get(model)
        for name, attack in MODEL_ATTACKS.items():
            outcome = nothing("no rows to steal") if found is None else judged(partial(_tried, attack, found[0], raid))
            target = model._meta.label  # noqa: SLF001  # Django's documented name
            yield Finding(area="ORM", attack=name, target=target, attacker=raid.attacker.slug, victim=raid.victim.slug, outcome=outcome)


def _tried(attack: ModelAttack, found: TenantModel, raid: Raid) -> Outcome:
    with undone(raid.attacker.scope):
        return attack(copy(found), raid)


def _rows(model: type[TenantModel] | TenantModel) -> models.QuerySet[Any]:
    manager: models.Manager[Any] = (model if isinstance(model, type) else type(model))._base_manager  # noqa: SLF001
    return manager.all()


def _none(rows: int) -> Outcome:
    return leak(f"{rows} rows") if rows else held("0 rows")


def _missing(attempt: Callable[[], object]) -> Outcome:
    try:
        attempt()
    except ObjectDoesNotExist:
        return held("does not exist")
    return leak("it was read")


@_attack("get(pk)")
def _get(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    return _missing(lambda: _rows(theirs).get(pk=theirs.pk))


@_attack("filter(tenant_id), count, aggregate")
def _filter(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    rows = _rows(theirs).filter(tenant_id=raid.victim.slug)
    return _none(rows.count() + len(rows[:1]) + rows.aggregate(rows=models.Count("pk"))["rows"])


@_attack("exclude(own), exists, in_bulk")
def _exclude(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    others = _rows(theirs).exclude(tenant_id=raid.attacker.slug)
    return _none(int(others.exists()) + len(_rows(theirs).in_bulk([theirs.pk])))


@_attack("raw()")
def _raw(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    table = connection.ops.quote_name(theirs._meta.db_table)  # noqa: SLF001  # Django's documented name
    return _none(len(list(type(theirs)._base_manager.raw(f"SELECT * FROM {table} WHERE id = %s", [theirs.pk]))))  # noqa: S608, SLF001


@_attack("select_for_update()")
def _select_for_update(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    return _none(len(_rows(theirs).select_for_update(nowait=True, of=("self",)).filter(pk=theirs.pk)))


@_attack("iterator()")
def _iterator(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    return _none(sum(1 for _ in _rows(theirs).filter(tenant_id=raid.victim.slug).iterator(chunk_size=10)))


@_attack("update()")
def _update(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    return _none(_rows(theirs).filter(pk=theirs.pk).update(tenant_id=raid.attacker.slug))


@_attack("delete()")
def _delete(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    return _none(_rows(theirs).filter(pk=theirs.pk).delete()[0])


@_attack("bulk_create() for the other tenant")
def _bulk_create(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    theirs.pk = new_id()
    type(theirs)._base_manager.bulk_create([theirs])  # noqa: SLF001  # as above
    return leak("the row was accepted")


@_attack("save() of their object")
def _save(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    theirs.save()
    return leak("it was saved")


@_attack("save(update_fields) of their object")
def _save_fields(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    try:
        theirs.save(update_fields=["tenant_id"])
    except DatabaseError as error:
        if sqlstate_of(error):
            raise
        return held("no row was affected")  # Django's own error, after an UPDATE of nothing
    return leak("it was saved")


@_attack("refresh_from_db() of their object")
def _refresh(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    return _missing(theirs.refresh_from_db)


@_attack("relations of their object")
def _relations(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    """An object carried into the wrong scope leads nowhere."""
    followed = 0
    for field in theirs._meta.concrete_fields:  # noqa: SLF001  # Django's documented name
        if isinstance(field, TenantForeignKey) and getattr(theirs, field.attname) is not None:
            followed += 1
            if _missing(partial(getattr, theirs, field.name)).verdict != "held":
                return leak(f"{field.name} was read")
    for relation in theirs._meta.related_objects:  # noqa: SLF001  # as above
        followed += 1
        if getattr(theirs, relation.get_accessor_name()).exists():
            return leak(f"{relation.get_accessor_name()} was read")
    return held("lead nowhere") if followed else nothing("it has none")


@_attack("a value that is SQL")
def _injection(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    value = _INJECTION.format(slug=raid.victim.slug)
    found = _rows(theirs).filter(tenant_id=value).count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.current_tenant', true)")
        (bound,) = cursor.fetchone()
    return leak(f"the transaction is now bound to {bound}") if bound != raid.attacker.slug else _none(found)


@_attack("no tenant in context")
def _no_tenant(theirs: Any, _raid: Raid) -> Outcome:  # noqa: ANN401
    with use(None):
        if _rows(theirs).exists():
            return leak("rows are visible")
        try:
            type(theirs)()
        except TenantRequired:
            return held("0 rows, and a new object needs a tenant")
    return leak("an object was made for nobody")


@_attack("the owner's own scope, as a control")
def _control(theirs: Any, raid: Raid) -> Outcome:  # noqa: ANN401
    """The attacks above prove something only if the row is really there for its tenant."""
    with tenant_scope(raid.victim.tenant), transaction.atomic():
        return held("the row is there") if _rows(theirs).filter(pk=theirs.pk).exists() else nothing("the row went meanwhile")
