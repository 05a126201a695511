"""Payments that are not booked at once: holds, workers, approvals, calling off."""

from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from accounts.errors import AccountFrozen, InsufficientFunds
from accounts.ledger.drafts import BALANCE_MAX_MINOR
from accounts.models import Account, Hold, Posting
from config_mgmt.errors import SelfApproval
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.clock import now
from payments.errors import ApprovalDecided, NotCancellable
from payments.models import LimitUsage, Payment, PaymentApproval
from payments.operations.approvals import approve_payment, cancel_payment, reject_payment
from payments.operations.calendars import remove_calendar_day, save_calendar_day
from payments.operations.carry_out import carry_out_payments
from payments.operations.submit import submit_payments
from payments.queries.verify import verify_tenant
from payments.states import PaymentStatus
from payments.values import Mode, PaymentRecord
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.accounts.test_database_rules import refused_by
from tests.factories import make_account, make_payment_type, payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_tenant_a")]
BOSS = Actor(name="boss-client", person="boss")


def balances(account: Account) -> tuple[int, int, int]:
    account.refresh_from_db()
    return account.booked_minor, account.held_minor, account.available_minor


def taken(debtor: Account, creditor: Account, amount_minor: int = 1_000, **facts: object) -> PaymentRecord:
    [outcome] = submit_payments([payment(debtor, creditor, amount_minor, **facts)])  # type: ignore[arg-type]
    assert outcome.payment is not None, outcome.refusal
    return outcome.payment


def assert_clean() -> None:
    assert [verdict for verdict in verify_tenant() if verdict.violation_count] == []


class TestCarriedOutLater:
    def test_money_is_set_aside_first_and_moved_by_a_worker(self, tenant_b: TenantRecord) -> None:
        make_payment_type(is_synchronous=False, processing_fee=Decimal(1))
        ada, bob = make_account(funds_minor=10_000), make_account()
        waiting = taken(ada, bob)
        assert (waiting.status, waiting.debtor_booked_minor, waiting.debtor_available_minor) == (PaymentStatus.RESERVED, 10_000, 8_900)
        assert (balances(ada), balances(bob)) == ((10_000, 1_100, 8_900), (0, 0, 0))
        assert_clean()
        with tenant_scope(tenant_b):
            assert carry_out_payments() == Hold.objects.count() == 0
        assert carry_out_payments() == 1
        assert carry_out_payments() == 0
        assert (balances(ada), balances(bob)) == ((8_900, 0, 8_900), (1_000, 0, 1_000))
        stored = Payment.objects.get(id=waiting.id)
        assert (stored.status, stored.next_attempt_at, Hold.objects.get().status) == ("COMPLETED", None, "CAPTURED")
        assert list(OutboxEvent.objects.filter(subject_id=waiting.id).order_by("id").values_list("topic", flat=True)) == [
            "payment.reserved",
            "payment.completed",
        ]
        assert_clean()

    def test_what_is_set_aside_can_not_be_spent_twice(self) -> None:
        make_payment_type(is_synchronous=False)
        make_payment_type("NOW")
        ada, bob = make_account(funds_minor=1_000), make_account()
        outcomes = submit_payments([payment(ada, bob, 700), payment(ada, bob, 301), payment(ada, bob, 301, payment_type="NOW")])
        assert [o.refusal.code if o.refusal else None for o in outcomes] == [None, "insufficient_funds", "insufficient_funds"]
        assert carry_out_payments() == 1
        assert balances(bob) == (700, 0, 700)

    def test_accounts_frozen_meanwhile_fail_it_and_free_the_money(self) -> None:
        make_payment_type(is_synchronous=False, daily_limit=Decimal(20))
        ada, bob = make_account(funds_minor=5_000), make_account()
        waiting = taken(ada, bob, 2_000)
        assert submit_payments([payment(ada, bob, 1)])[0].refusal is not None
        Account.objects.filter(id=bob.id).update(status="FROZEN")
        assert carry_out_payments() == 1
        stored = Payment.objects.get(id=waiting.id)
        assert (stored.status, stored.reason_code, Hold.objects.get().status) == ("FAILED", "account_frozen", "RELEASED")
        assert balances(ada) == (5_000, 0, 5_000)
        assert LimitUsage.objects.get().amount_minor == 0
        Account.objects.filter(id=bob.id).update(status="OPEN")
        taken(ada, bob, 2_000)  # the limit was given back
        assert_clean()

    def test_a_batch_that_is_taken_down_sets_nothing_aside(self) -> None:
        make_payment_type(is_synchronous=False)
        ada, bob = make_account(funds_minor=1_000), make_account()
        outcomes = submit_payments([payment(ada, bob, 700), payment(ada, bob, 700)], mode=Mode.ATOMIC)
        assert all(outcome.refusal for outcome in outcomes)
        assert (balances(ada), Hold.objects.count(), Payment.objects.count()) == ((1_000, 0, 1_000), 0, 0)

    def test_the_fee_may_come_out_of_what_the_creditor_gets(self) -> None:
        make_payment_type(is_synchronous=False, fee_schedule={"type": "FLAT", "payer": "CREDITOR", "amount": "1.00"})
        ada, bob = make_account(funds_minor=1_000), make_account()
        taken(ada, bob, 1_000)
        assert balances(ada) == (1_000, 1_000, 0)
        assert carry_out_payments() == 1
        assert (balances(ada), balances(bob)) == ((0, 0, 0), (900, 0, 900))
        assert_clean()

    def test_fees_no_bigint_holds_together_keep_nobody_from_being_paid(self) -> None:
        """Ten of them are more than one delta of the fee account can say; each by itself is not."""
        make_payment_type("ALL_OF_IT", is_synchronous=False, fee_schedule={"type": "PERCENTAGE", "payer": "CREDITOR", "percentage": "100"})
        make_payment_type(is_synchronous=False)
        for _ in range(10):
            taken(make_account(funds_minor=BALANCE_MAX_MINOR), make_account(), BALANCE_MAX_MINOR, payment_type="ALL_OF_IT")
        ada, bob = make_account(funds_minor=1_000), make_account()
        taken(ada, bob)
        assert carry_out_payments() == 11
        assert balances(bob) == (1_000, 0, 1_000)
        assert set(Payment.objects.values_list("status", flat=True)) == {PaymentStatus.COMPLETED}
        assert_clean()


class TestApproval:
    def make(self, amount_minor: int = 2_000, **terms: object) -> tuple[Account, Account, PaymentRecord]:
        make_payment_type(**{"approval_threshold": Decimal(20), **terms})  # type: ignore[arg-type]
        ada, bob = make_account(funds_minor=5_000), make_account()
        return ada, bob, taken(ada, bob, amount_minor)

    def test_below_the_threshold_nobody_is_asked(self) -> None:
        assert self.make(1_999)[2].status is PaymentStatus.COMPLETED

    def test_another_person_lets_it_go_on(self, tenant_b: TenantRecord) -> None:
        ada, bob, waiting = self.make()
        assert waiting.status is PaymentStatus.PENDING_APPROVAL
        assert balances(ada) == (5_000, 0, 5_000)
        with tenant_scope(tenant_b):
            assert PaymentApproval.objects.count() == 0
        approved = approve_payment(payment_id=waiting.id, actor=BOSS, reason="checked")
        assert approved.status == PaymentStatus.COMPLETED
        assert (balances(ada), balances(bob)) == ((3_000, 0, 3_000), (2_000, 0, 2_000))
        decision = PaymentApproval.objects.get()
        assert (decision.status, decision.decided_by, decision.decided_by_person, decision.reason) == (
            "APPROVED",
            "boss-client",
            "boss",
            "checked",
        )
        with pytest.raises(ApprovalDecided):
            approve_payment(payment_id=waiting.id, actor=BOSS)
        assert_clean()

    def test_its_value_date_is_one_from_the_approval_on(self) -> None:
        _, _, waiting = self.make(calendar="EVERY_DAY")
        today = waiting.value_date
        save_calendar_day(calendar="EVERY_DAY", day=today, is_business_day=False, name="Closed at noon", actor=BOSS)
        approved = approve_payment(payment_id=waiting.id, actor=BOSS)
        assert approved.value_date > today
        assert approved.journal_id is not None
        assert set(Posting.objects.filter(journal_id=approved.journal_id).values_list("value_date", flat=True)) == {approved.value_date}

    def test_its_value_date_is_never_an_earlier_one(self) -> None:
        make_payment_type(approval_threshold=Decimal(20), calendar="EVERY_DAY")
        today = now().date()
        save_calendar_day(calendar="EVERY_DAY", day=today, is_business_day=False, name="Closed", actor=BOSS)
        waiting = taken(make_account(funds_minor=5_000), make_account(), 2_000)
        remove_calendar_day(calendar="EVERY_DAY", day=today, actor=BOSS)
        assert approve_payment(payment_id=waiting.id, actor=BOSS).value_date == waiting.value_date > today

    def test_who_asked_approves_nothing(self) -> None:
        _, _, waiting = self.make()
        with pytest.raises(SelfApproval):
            approve_payment(payment_id=waiting.id, actor=Actor(name="another-client", person=" UNKNOWN "))
        assert Payment.objects.get(id=waiting.id).status == "PENDING_APPROVAL"

    def test_what_can_not_be_paid_today_goes_on_waiting(self) -> None:
        ada, bob, waiting = self.make()
        make_payment_type("NOW")
        taken(ada, bob, 4_000, payment_type="NOW")
        with pytest.raises(InsufficientFunds), transaction.atomic():
            approve_payment(payment_id=waiting.id, actor=BOSS)
        Account.objects.filter(id=ada.id).update(status="FROZEN")
        with pytest.raises(AccountFrozen), transaction.atomic():
            approve_payment(payment_id=waiting.id, actor=BOSS)
        assert (Payment.objects.get(id=waiting.id).status, PaymentApproval.objects.get().status) == ("PENDING_APPROVAL", "PENDING")

    def test_it_uses_limits_from_when_it_was_asked_for_until_it_is_rejected(self) -> None:
        ada, bob, waiting = self.make(daily_limit=Decimal(30))
        assert submit_payments([payment(ada, bob, 1_001)])[0].refusal is not None
        rejected = reject_payment(payment_id=waiting.id, actor=BOSS, reason="no invoice")
        assert (rejected.status, rejected.reason_code, rejected.reason) == ("REJECTED", "approval_refused", "no invoice")
        taken(ada, bob, 1_001)
        assert_clean()

    def test_approved_it_waits_for_a_worker_if_its_type_is_not_synchronous(self) -> None:
        ada, bob, waiting = self.make(is_synchronous=False)
        assert approve_payment(payment_id=waiting.id, actor=BOSS).status == PaymentStatus.RESERVED
        assert balances(ada) == (5_000, 2_000, 3_000)
        assert carry_out_payments() == 1
        assert balances(bob) == (2_000, 0, 2_000)
        assert_clean()

    def test_it_is_booked_at_the_fee_that_was_said_whatever_was_changed_since(self) -> None:
        ada, _, waiting = self.make(processing_fee=Decimal(1))
        row = waiting.payment_type_version
        from payments.models import PaymentType

        PaymentType.objects.filter(version=row).update(status="RETIRED")
        make_payment_type(version=2, processing_fee=Decimal(3))
        approve_payment(payment_id=waiting.id, actor=BOSS)
        assert balances(ada) == (2_900, 0, 2_900)

    def test_postgresql_refuses_what_was_not_approved(self) -> None:
        _, _, waiting = self.make()
        with refused_by("payment_needs_approval"):
            Payment.objects.filter(id=waiting.id).update(status="RESERVED")
        with refused_by("approval_by_another_person"):
            PaymentApproval.objects.update(status="APPROVED", decided_by="x", decided_by_person="Unknown ", decided_at="2026-01-01T00:00Z")


class TestCallingOff:
    def test_before_it_is_carried_out(self) -> None:
        make_payment_type(is_synchronous=False)
        ada, bob = make_account(funds_minor=1_000), make_account()
        waiting = taken(ada, bob, 600)
        cancelled = cancel_payment(payment_id=waiting.id, actor=BOSS)
        assert (cancelled.status, balances(ada)) == ("CANCELLED", (1_000, 0, 1_000))
        assert carry_out_payments() == 0
        with pytest.raises(NotCancellable):
            cancel_payment(payment_id=waiting.id, actor=BOSS)
        assert_clean()

    def test_before_it_is_approved(self) -> None:
        make_payment_type(approval_threshold=Decimal(1))
        ada, bob = make_account(funds_minor=1_000), make_account()
        waiting = taken(ada, bob, 600)
        assert cancel_payment(payment_id=waiting.id, actor=BOSS).status == "CANCELLED"
        assert PaymentApproval.objects.get().status == "WITHDRAWN"
        with pytest.raises(ApprovalDecided):
            approve_payment(payment_id=waiting.id, actor=BOSS)
        assert_clean()

    def test_not_after_it_was_booked(self) -> None:
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000), make_account()
        with pytest.raises(NotCancellable):
            cancel_payment(payment_id=taken(ada, bob, 600).id, actor=BOSS)


class TestHoldsAreHeldByPostgreSQL:
    @pytest.fixture
    def held(self) -> tuple[Account, PaymentRecord]:
        make_payment_type(is_synchronous=False)
        ada = make_account(funds_minor=1_000)
        return ada, taken(ada, make_account(), 600)

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"status": "ACTIVE", "amount_minor": 1}, "holds_immutable"),
            ({"status": "RELEASED", "amount_minor": 1, "resolved_at": "2026-01-01T00:00Z"}, "holds_immutable"),
            ({"status": "RELEASED"}, "hold_resolved_has_time"),
        ],
    )
    def test_a_hold_is_resolved_once_and_nothing_else(self, held: object, change: dict[str, object], rule: str) -> None:
        with refused_by(rule):
            Hold.objects.update(**change)

    def test_held_is_the_sum_of_holds(self, held: tuple[Account, PaymentRecord]) -> None:
        with refused_by("account_held_is_holds"):
            Account.objects.filter(id=held[0].id).update(held_minor=0)

    def test_a_hold_never_exceeds_what_is_available(self, held: tuple[Account, PaymentRecord]) -> None:
        with refused_by("account_available_not_negative"):
            Hold.objects.create(account_id=held[0].id, payment_id=held[0].id, amount_minor=401, currency="EUR")

    def test_a_hold_fits_its_account(self, held: tuple[Account, PaymentRecord]) -> None:
        with refused_by("hold_fits_account"):
            Hold.objects.create(account_id=held[0].id, payment_id=held[0].id, amount_minor=1, currency="USD")

    def test_a_payment_ends_with_its_hold(self, held: tuple[Account, PaymentRecord]) -> None:
        with refused_by("payment_ends_with_its_hold"):
            Payment.objects.filter(id=held[1].id).update(status="CANCELLED")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Hold.objects.all().delete()
        assert Posting.objects.filter(account_id=held[0].id).count() == 1
