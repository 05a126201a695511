"""Payments that leave the bank: told once, asked when the answer stays away, over the next rail when one takes nothing."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models.functions import Now
from lxml import etree

from accounts.models import Account, Hold
from accounts.queries.statements import statement
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.values import Actor
from iso20022.queries.statements import camt053_of
from payment_engine.clock import now
from payments.errors import NotReversible
from payments.models import Payment, PaymentType, RailAttempt, SimulatedPayment
from payments.operations import send_out
from payments.operations.reverse import reverse_payment
from payments.operations.send_out import send_out_payments
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
NEXT_DOOR = "GB33BUKB20201555555555"


@pytest.fixture(autouse=True)
def books_are_clean(in_tenant_a: TenantRecord) -> Iterator[None]:
    yield
    assert [verdict for verdict in verify_tenant() if verdict.violation_count] == []


@pytest.fixture
def ada() -> Account:
    return make_account(funds_minor=10_000)


def offer(**terms: Any) -> PaymentType:
    usual = {"rail": "simulator_instant", "rail_fallbacks": ["simulator"], "is_synchronous": False}
    usual["retry_policy"] = {"maxAttempts": 2, "backoffSeconds": 30}
    return make_payment_type("OUT", **(usual | terms))


def send(debtor: Account, amount_minor: int = 1_000, *, to: str = NEXT_DOOR, **script: str) -> Payment:
    item = payment(debtor, to, amount_minor, payment_type="OUT", metadata=script)
    [outcome] = submit_payments([item])
    assert outcome.payment is not None, outcome.refusal
    return Payment.objects.get(id=outcome.payment.id)


def due_now() -> None:
    """As if the pause were over."""
    Payment.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=Now() - timedelta(seconds=1))


def run(rounds: int = 1) -> None:
    for _ in range(rounds):
        due_now()
        send_out_payments()


def story(sent: Payment) -> tuple[str, str | None, list[tuple[str, str]]]:
    sent.refresh_from_db()
    attempts = RailAttempt.objects.filter(payment_id=sent.id).order_by("number").values_list("rail", "status")
    return sent.status, sent.rail, list(attempts)


def balances(account: Account) -> tuple[int, int]:
    account.refresh_from_db()
    return account.booked_minor, account.held_minor


def test_money_leaves_over_the_clearing_account(ada: Account, tenant_b: TenantRecord) -> None:
    offer(processing_fee=Decimal(1))
    sent = send(ada)
    assert (sent.status, sent.creditor_iban, sent.creditor_account_id, balances(ada)) == ("RESERVED", NEXT_DOOR, None, (10_000, 1_100))
    with tenant_scope(tenant_b):
        assert send_out_payments() == RailAttempt.objects.count() == 0
    run()
    assert story(sent) == ("COMPLETED", "simulator_instant", [("simulator_instant", "ACCEPTED")])
    assert balances(ada) == (8_900, 0)
    with tenant_scope(tenant_b):
        assert RailAttempt.objects.count() == SimulatedPayment.objects.count() == 0
    run()
    assert SimulatedPayment.objects.get().sends == 1
    with pytest.raises(NotReversible, match="left the bank"):
        reverse_payment(payment_id=sent.id, amount_minor=None, reason="no")


def test_statement_names_the_creditor_at_another_bank(ada: Account) -> None:
    offer(processing_fee=Decimal(1))
    sent = send(ada)
    run()
    clearing, today = Account.objects.get(role="CLEARING"), datetime.now(UTC).date()
    paid, fee = statement(ada.id, today).entries[-2:]
    assert (paid.amount_minor, paid.counterparty_iban, paid.is_debtor, paid.leaves_bank) == (-1_000, NEXT_DOOR, True, True)
    assert (fee.amount_minor, fee.counterparty_iban, fee.is_charge) == (-100, None, True)
    assert [(e.payment_id, e.counterparty_number) for e in statement(clearing.id, today).entries] == [(sent.id, ada.number)]
    for version in ("camt.053.001.02", "camt.053.001.08"):
        entry = list(etree.fromstring(camt053_of(ada.id, today, version=version)).iter("{*}Ntry"))[-2]
        assert entry.findtext(".//{*}CdtrAcct/{*}Id/{*}IBAN") == NEXT_DOOR
        assert [entry.findtext(f".//{{*}}{name}") for name in ("Domn/{*}Cd", "Fmly/{*}Cd", "SubFmlyCd")] == ["PMNT", "ICDT", "ESCT"]


def test_what_a_rail_refuses_fails_with_its_reason(ada: Account) -> None:
    offer()
    sent = send(ada, simulator_instant="reject:AC06")
    run()
    assert story(sent) == ("FAILED", "simulator_instant", [("simulator_instant", "REJECTED")])
    assert (sent.reason_code, sent.reason, balances(ada)) == ("AC06", "refused by the bank next door", (10_000, 0))


def test_a_rail_that_takes_nothing_is_tried_again_and_then_the_next_one(ada: Account) -> None:
    offer()
    sent = send(ada, simulator_instant="unavailable")
    send_out_payments()
    assert story(sent)[2] == [("simulator_instant", "UNAVAILABLE")]
    assert send_out_payments() == 0, "it waits for its pause"
    assert sent.next_attempt_at is not None
    assert 29 < (sent.next_attempt_at - RailAttempt.objects.get().sent_at).total_seconds() < 31
    run()
    send_out_payments()  # the next rail needs no pause
    tried = [("simulator_instant", "UNAVAILABLE"), ("simulator_instant", "UNAVAILABLE"), ("simulator", "ACCEPTED")]
    assert story(sent) == ("COMPLETED", "simulator", tried)


def test_when_every_rail_was_tried_it_fails_and_frees_the_money(ada: Account) -> None:
    offer(rail_fallbacks=[])
    sent = send(ada, simulator_instant="unavailable")
    run(2)
    assert story(sent)[:2] == ("FAILED", "simulator_instant")
    assert (sent.reason_code, balances(ada), Hold.objects.get().status) == ("rail_unavailable", (10_000, 0), "RELEASED")


def test_a_lost_answer_is_asked_for_and_the_payment_never_told_again(ada: Account) -> None:
    offer()
    sent = send(ada, simulator_instant="lost")
    run()
    assert story(sent) == ("SUBMITTED", "simulator_instant", [("simulator_instant", "UNKNOWN")])
    assert balances(ada) == (10_000, 1_000)
    run()
    assert story(sent) == ("COMPLETED", "simulator_instant", [("simulator_instant", "ACCEPTED")])
    assert (SimulatedPayment.objects.get().sends, RailAttempt.objects.get().inquiries) == (1, 1)


def test_what_never_arrived_is_told_again_under_the_same_id(ada: Account) -> None:
    offer()
    sent = send(ada, simulator_instant="silent")
    run(2)
    assert story(sent)[2] == [("simulator_instant", "UNAVAILABLE")]
    run()
    assert story(sent)[2] == [("simulator_instant", "UNAVAILABLE"), ("simulator_instant", "ACCEPTED")]
    assert SimulatedPayment.objects.get().uetr == sent.uetr


def test_a_process_that_died_after_telling_the_rail_pays_once(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    offer()
    sent = send(ada)
    settle = send_out._settle  # the moment of death

    class Died(BaseException):
        pass

    def die(*_args: object) -> None:
        raise Died

    monkeypatch.setattr(send_out, "_settle", die)
    with pytest.raises(Died):
        send_out_payments()
    monkeypatch.setattr(send_out, "_settle", settle)
    assert story(sent) == ("SUBMITTED", "simulator_instant", [("simulator_instant", "SENT")])
    assert send_out_payments() == 0, "it is leased"
    run()
    assert story(sent) == ("COMPLETED", "simulator_instant", [("simulator_instant", "ACCEPTED")])
    assert SimulatedPayment.objects.get().sends == 1


def meanwhile(monkeypatch: pytest.MonkeyPatch, others: Callable[[], None]) -> None:
    """Before the first worker tells a rail for the first time, its lease runs out and others come by."""
    run_errand = send_out._run

    def interrupted(errand: send_out.Errand) -> None:
        monkeypatch.setattr(send_out, "_run", run_errand)
        others()
        run_errand(errand)

    monkeypatch.setattr(send_out, "_run", interrupted)


def accepted() -> list[str]:
    return sorted(SimulatedPayment.objects.filter(verdict="ACCEPTED").values_list("rail", flat=True))


def test_a_worker_that_stood_still_before_it_told_the_rail_is_refused_there(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(retry_policy={"maxAttempts": 1, "backoffSeconds": 1})
    sent = send(ada)
    meanwhile(monkeypatch, lambda: run(2))
    send_out_payments()
    tried = [("simulator_instant", "UNAVAILABLE"), ("simulator", "ACCEPTED")]
    assert (story(sent), accepted(), balances(ada)) == (("COMPLETED", "simulator", tried), ["simulator"], (9_000, 0))


def test_a_claim_that_took_too_long_is_left_to_those_who_took_it_over(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(retry_policy={"maxAttempts": 1, "backoffSeconds": 1})
    first, second = send(ada), send(ada)
    meanwhile(monkeypatch, lambda: run(2))
    assert send_out_payments() == 2
    assert (story(first)[:2], story(second)[:2]) == (("COMPLETED", "simulator"), ("COMPLETED", "simulator"))
    told = SimulatedPayment.objects.filter(rail="simulator_instant").order_by("sends").values_list("uetr", "sends")
    assert list(told) == [(second.uetr, 0), (first.uetr, 1)], "the second was not told at all"
    assert accepted() == ["simulator", "simulator"]


def test_each_errand_has_a_lease_of_its_own(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    offer()
    send(ada)
    second = send(ada)
    meanwhile(monkeypatch, due_now)
    monkeypatch.setattr(send_out, "_settle", lambda *_: None)
    send_out_payments()
    second.refresh_from_db()
    assert second.next_attempt_at is not None
    assert second.next_attempt_at > now() + send_out.LEASE / 2


def test_rails_out_of_service_are_passed_over_or_waited_for(ada: Account) -> None:
    offer()

    def out_of_service(*rails: str) -> None:
        operator = Actor(name="operator", person="operator")
        change_setting(key="payment.rails_out_of_service", value=list(rails), actor=operator, authority=Authority(is_platform=False))

    out_of_service("simulator_instant")
    first = send(ada)
    assert first.rail == "simulator"
    run()
    assert story(first)[0] == "COMPLETED"
    out_of_service("simulator_instant", "simulator")
    second = send(ada)
    run(3)
    assert story(second) == ("RESERVED", "simulator_instant", [])
    out_of_service()
    run()
    assert story(second)[0] == "COMPLETED"


def test_a_debtor_frozen_before_it_left_keeps_the_money(ada: Account) -> None:
    offer()
    sent = send(ada)
    Account.objects.filter(id=ada.id).update(status="FROZEN")
    run()
    assert (story(sent), sent.reason_code, balances(ada)) == (("FAILED", "simulator_instant", []), "account_frozen", (10_000, 0))


@pytest.mark.parametrize(
    ("creditor", "terms", "code"),
    [
        (NEXT_DOOR, {"rail": "internal", "rail_fallbacks": []}, "not_found"),
        ("GB33BUKB20201555555556", {}, "not_found"),
        ("here", {}, "no_route"),
    ],
)
def test_each_creditor_needs_a_rail_that_leads_there(ada: Account, creditor: str, terms: dict[str, Any], code: str) -> None:
    offer(**terms)
    bob = make_account()
    [outcome] = submit_payments([payment(ada, bob if creditor == "here" else creditor, payment_type="OUT")])
    assert outcome.refusal is not None
    assert (outcome.refusal.code, [error.pointer for error in outcome.refusal.errors]) == (code, ["/creditorAccount"])


def test_a_route_may_book_here_and_lead_out(ada: Account) -> None:
    offer(rail="internal", rail_fallbacks=["simulator"])
    bob = make_account()
    here, there = submit_payments([payment(ada, bob, payment_type="OUT"), payment(ada, NEXT_DOOR, payment_type="OUT")])
    assert here.payment is not None
    assert there.payment is not None
    assert (here.payment.rail, there.payment.rail) == ("internal", "simulator")
    run()
    assert Payment.objects.get(id=there.payment.id).status == "COMPLETED"
    assert Payment.objects.get(id=here.payment.id).status == "RESERVED", "another worker's"
    from payments.operations.carry_out import carry_out_payments

    assert carry_out_payments() == 1
