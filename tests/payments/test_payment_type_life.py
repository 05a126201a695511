"""The life of a payment type's versions: drafts, activation now and later, rollback, and what the database refuses."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.clock import now
from payment_engine.errors import EngineError, ValidationFailed
from payments.admin.payment_type_seen import fingerprint, unchanged_since
from payments.definitions import Definition, definition_of
from payments.errors import NoSuchPaymentType, NotActivatable, NotADraft, PaymentTypeExists, PaymentTypeVersionUnknown
from payments.models import PaymentType
from payments.operations.payment_types import (
    activate_due_payment_types,
    activate_payment_type,
    create_payment_type,
    discard_draft,
    put_payment_type,
    retire_payment_type,
    roll_back_payment_type,
)
from payments.operations.submit import submit_payments
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, payment
from tests.payments.test_concurrency import at_once

ADA = Actor(name="client-ada", person="ada")
in_a = pytest.mark.usefixtures("in_tenant_a")


def sepa(**terms: Any) -> Definition:
    return Definition(name="SEPA", **terms)


def create(**terms: Any) -> PaymentType:
    return create_payment_type(code="SEPA", definition=sepa(**terms), actor=ADA)[0]


def put(*, draft: bool = False, **terms: Any) -> PaymentType:
    return put_payment_type(code="SEPA", definition=sepa(**terms), actor=ADA, draft=draft, reason="because")


def standing() -> list[tuple[int, str]]:
    return list(PaymentType.objects.filter(code="SEPA").order_by("version").values_list("version", "status"))


def topics() -> list[str]:
    return list(OutboxEvent.objects.filter(topic__startswith="payment_type").order_by("id").values_list("topic", flat=True))


@pytest.mark.django_db
@in_a
def test_a_version_says_who_made_it_and_why() -> None:
    create()
    second = put(processing_fee=Decimal(1))
    second.refresh_from_db()
    assert (second.created_by, second.created_by_person, second.reason, second.activated_by) == (
        "client-ada",
        "ada",
        "because",
        "client-ada",
    )
    assert standing() == [(1, "RETIRED"), (2, "ACTIVE")]
    assert topics() == ["payment_type.activated", "payment_type.retired", "payment_type.activated"]
    event = OutboxEvent.objects.order_by("id").last()
    assert event is not None
    assert (event.subject_id, event.payload["code"], event.payload["version"], event.payload["previousVersion"]) == (
        second.id,
        "SEPA",
        2,
        1,
    )


@pytest.mark.django_db
@in_a
def test_a_draft_decides_nothing_and_can_be_edited() -> None:
    create()
    assert put(draft=True, processing_fee=Decimal(1)).version == 2
    assert put(draft=True, processing_fee=Decimal(2)).version == 2
    assert standing() == [(1, "ACTIVE"), (2, "DRAFT")]
    debtor = make_account(funds_minor=1_000)
    [outcome] = submit_payments([payment(debtor, make_account(), payment_type="SEPA")])
    assert outcome.payment is not None
    assert (outcome.payment.payment_type_version, outcome.payment.fee_minor) == (1, 0)
    activate_payment_type(code="SEPA", version=2, actor=ADA)
    [outcome] = submit_payments([payment(debtor, make_account(), payment_type="SEPA")])
    assert outcome.payment is not None
    assert (outcome.payment.payment_type_version, outcome.payment.fee_minor) == (2, 200)
    assert activate_payment_type(code="SEPA", version=2, actor=ADA).version == 2
    with pytest.raises(NotActivatable):
        activate_payment_type(code="SEPA", version=1, actor=ADA)


@pytest.mark.django_db
@in_a
def test_rollback_is_a_new_version_with_old_terms(tenant_b: TenantRecord) -> None:
    create(processing_fee=Decimal(1))
    put(processing_fee=Decimal(2))
    third = roll_back_payment_type(code="SEPA", version=1, actor=ADA, reason="too dear")
    assert (third.version, third.rollback_of, third.processing_fee, third.reason) == (3, 1, Decimal(1), "too dear")
    assert roll_back_payment_type(code="SEPA", version=1, actor=ADA).version == 3, "these terms are in force already"
    with tenant_scope(tenant_b), pytest.raises(EngineError):
        roll_back_payment_type(code="SEPA", version=1, actor=ADA)


@pytest.mark.django_db
@in_a
def test_creating_twice_makes_one() -> None:
    assert create_payment_type(code="SEPA", definition=sepa(max_amount=Decimal("5.00")), actor=ADA)[1]
    again, is_new = create_payment_type(code="SEPA", definition=sepa(max_amount=Decimal(5)), actor=ADA)
    assert (again.version, is_new) == (1, False)
    with pytest.raises(PaymentTypeExists, match="PUT"):
        create(max_amount=Decimal(6))


@pytest.mark.django_db
@in_a
def test_a_scheduled_draft_takes_effect_once_at_its_time() -> None:
    create()
    put(draft=True, processing_fee=Decimal(1))
    activate_payment_type(code="SEPA", version=2, actor=ADA, activate_at=now() + timedelta(hours=1))
    assert (activate_due_payment_types(), standing()) == (0, [(1, "ACTIVE"), (2, "DRAFT")])
    PaymentType.objects.filter(version=2).update(activate_at=now() - timedelta(seconds=1))
    assert (activate_due_payment_types(), activate_due_payment_types()) == (1, 0)
    assert standing() == [(1, "RETIRED"), (2, "ACTIVE")]
    assert topics() == [f"payment_type.{what}" for what in ("activated", "drafted", "scheduled", "retired", "activated")]


@pytest.mark.django_db
@in_a
def test_a_draft_that_can_not_take_effect_any_more_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    create()
    put(draft=True, rail="clearing_file")
    PaymentType.objects.filter(version=2).update(activate_at=now() - timedelta(seconds=1))
    assert (activate_due_payment_types(), activate_due_payment_types()) == (0, 0)
    assert topics()[-1] == "payment_type.activation_failed"
    assert "could not be activated" in caplog.text
    assert standing() == [(1, "ACTIVE"), (2, "DRAFT")]


@pytest.mark.django_db
@in_a
@pytest.mark.parametrize("off", [timedelta(seconds=-1), timedelta(days=4000)])
def test_activation_is_for_the_next_ten_years(off: timedelta) -> None:
    create()
    put(draft=True)
    with pytest.raises(ValidationFailed) as refused:
        activate_payment_type(code="SEPA", version=2, actor=ADA, activate_at=now() + off)
    assert refused.value.errors[0].pointer == "/activateAt"


@pytest.mark.django_db
@in_a
def test_editing_a_draft_or_retiring_the_type_takes_a_schedule_back() -> None:
    create()
    changes: list[Callable[[], object]] = [
        lambda: put(draft=True, processing_fee=Decimal(3)),
        lambda: retire_payment_type(code="SEPA", actor=ADA),
    ]
    for change in changes:
        put(draft=True, processing_fee=Decimal(1))
        activate_payment_type(code="SEPA", version=2, actor=ADA, activate_at=now() + timedelta(hours=1))
        change()
        assert PaymentType.objects.get(version=2).activate_at is None
    assert standing() == [(1, "RETIRED"), (2, "DRAFT")]


@pytest.mark.django_db
@in_a
def test_a_route_that_is_not_connected_stays_a_draft() -> None:
    create()
    with pytest.raises(ValidationFailed, match="clearing_file is not connected"):
        put(rail="internal", rail_fallbacks=("clearing_file",))
    put(draft=True, rail="clearing_file", is_synchronous=False)
    with pytest.raises(NotActivatable, match="clearing_file is not connected"):
        activate_payment_type(code="SEPA", version=2, actor=ADA)


@pytest.mark.django_db
@in_a
def test_what_leads_out_of_the_bank_is_not_synchronous() -> None:
    create()
    with pytest.raises(ValidationFailed, match="isSynchronous false") as refused:
        put(rail="internal", rail_fallbacks=("simulator",))
    assert [error.pointer for error in refused.value.errors] == ["/isSynchronous"]
    assert put(rail="internal", rail_fallbacks=("simulator",), is_synchronous=False).status == "ACTIVE"


@pytest.mark.django_db
@in_a
def test_the_terms_in_force_with_one_of_them_changed() -> None:
    first = create(cut_off_time=None, calendar="TARGET2", approval_threshold=Decimal(9))
    first.refresh_from_db()
    dearer = replace(definition_of(first), processing_fee=Decimal(1))
    saved = put_payment_type(code="SEPA", definition=dearer, actor=ADA, precondition=unchanged_since(fingerprint(first)))
    assert (saved.version, saved.calendar, saved.approval_threshold) == (2, "TARGET2", Decimal(9))


@pytest.mark.django_db
@in_a
@pytest.mark.parametrize(
    "change", [{"max_amount": 7}, {"status": "DRAFT"}, {"fee_schedule": {"type": "FLAT", "amount": "1"}}, {"name": "x"}, {"version": 9}]
)
@pytest.mark.parametrize("retired", [False, True])
def test_what_was_in_force_is_never_rewritten(change: dict[str, Any], retired: bool) -> None:
    create()
    if retired:
        retire_payment_type(code="SEPA", actor=ADA)
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        PaymentType.objects.update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PaymentType.objects.all().delete()
    if retired:
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
            PaymentType.objects.update(status="ACTIVE")


@pytest.mark.django_db
@in_a
def test_a_discarded_draft_is_gone_and_its_event_keeps_the_terms(tenant_b: TenantRecord) -> None:
    current = create()
    put(draft=True, processing_fee=Decimal("2.5000"), currencies=("EUR",))
    activate_payment_type(code="SEPA", version=2, activate_at=now() + timedelta(hours=1), actor=ADA)
    with tenant_scope(tenant_b):
        create()
    gone = discard_draft(code="SEPA", version=2, actor=Actor(name="client-bob", person="bob"), reason="not sold after all")
    assert standing() == [(1, "ACTIVE")]
    assert topics()[-1] == "payment_type.discarded"
    event = OutboxEvent.objects.order_by("id").last()
    assert event is not None
    assert (event.subject_id, event.payload["version"], event.payload["changedBy"]) == (gone.id, 2, "client-bob")
    assert (event.payload["reason"], event.payload["terms"]["processing_fee"], event.payload["terms"]["currencies"]) == (
        "not sold after all",
        "2.5000",
        ["EUR"],
    )
    assert activate_due_payment_types() == 0
    with pytest.raises(PaymentTypeVersionUnknown):
        activate_payment_type(code="SEPA", version=2, actor=ADA)
    current.refresh_from_db()
    assert current.status == "ACTIVE"
    with tenant_scope(tenant_b):
        assert (standing(), topics()) == ([(1, "ACTIVE")], ["payment_type.activated"])


@pytest.mark.django_db
@in_a
def test_a_type_of_which_there_was_only_a_draft_is_unknown_again() -> None:
    create_payment_type(code="SEPA", definition=sepa(), actor=ADA, draft=True)
    discard_draft(code="SEPA", version=1, actor=ADA)
    with pytest.raises(NoSuchPaymentType):
        discard_draft(code="SEPA", version=1, actor=ADA)
    assert create().status == "ACTIVE"


@pytest.mark.django_db
@in_a
def test_what_was_in_force_is_not_discarded() -> None:
    create()
    put(processing_fee=Decimal(1))
    for version in (1, 2):
        with pytest.raises(NotADraft, match="only a draft"):
            discard_draft(code="SEPA", version=version, actor=ADA)
    assert standing() == [(1, "RETIRED"), (2, "ACTIVE")]


@pytest.mark.django_db
@in_a
def test_the_database_knows_since_when() -> None:
    row = PaymentType.objects.create(code="OLD", name="Old")
    row.refresh_from_db()
    assert row.activated_at is not None
    PaymentType.objects.update(status="RETIRED")
    row.refresh_from_db()
    assert row.retired_at is not None


@pytest.fixture
def committed(transactional_db: None, tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_follow_one_another(committed: TenantRecord) -> None:
    def change(number: int) -> int:
        with tenant_scope(committed):
            return put(processing_fee=Decimal(number + 1)).version

    create()
    assert sorted(at_once(8, change, workers=8)) == list(range(2, 10))
    assert Counter(status for _, status in standing()) == {"RETIRED": 8, "ACTIVE": 1}


@pytest.mark.django_db(transaction=True)
def test_creating_at_once_makes_one(committed: TenantRecord) -> None:
    def make(_number: int) -> bool:
        with tenant_scope(committed):
            return create_payment_type(code="SEPA", definition=sepa(), actor=ADA)[1]

    assert sum(at_once(8, make, workers=8)) == 1
    assert standing() == [(1, "ACTIVE")]


@pytest.mark.django_db(transaction=True)
def test_sweepers_at_once_activate_once(committed: TenantRecord) -> None:
    def sweep(_number: int) -> int:
        with tenant_scope(committed):
            return activate_due_payment_types()

    create()
    put(draft=True, processing_fee=Decimal(1))
    PaymentType.objects.filter(version=2).update(activate_at=now() - timedelta(seconds=1))
    assert sum(at_once(4, sweep, workers=4)) == 1
    assert standing() == [(1, "RETIRED"), (2, "ACTIVE")]


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_discarded_or_activated_never_both(committed: TenantRecord) -> None:
    def end(number: int) -> str:
        with tenant_scope(committed):
            try:
                if number % 2:
                    return activate_payment_type(code="SEPA", version=2, actor=ADA).status
                discard_draft(code="SEPA", version=2, actor=ADA)
            except (NotADraft, PaymentTypeVersionUnknown):
                return "refused"
            return "DISCARDED"

    create()
    put(draft=True, processing_fee=Decimal(1))
    ends = set(at_once(8, end, workers=8)) - {"refused"}
    assert (ends, standing()) in (({"ACTIVE"}, [(1, "RETIRED"), (2, "ACTIVE")]), ({"DISCARDED"}, [(1, "ACTIVE")]))
