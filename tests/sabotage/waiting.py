"""Payments that wait for an approval, a day or a rail."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="what is set aside may be spent again in the same batch",
        file="payments/operations/submit.py",
        line="debtor.held_minor += decision.debit_minor",
        instead="debtor.held_minor += 0",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="a second client of who asked may approve",
        file="payments/operations/approvals.py",
        line="check_second_person(actor, approval.requested_by, approval.requested_by_person, ",
        instead="check_second_person(actor, approval.requested_by, approval.requested_by, ",
        tests="tests/payments/test_waiting_api.py",
    ),
    Sabotage(
        name="an amount at the threshold needs no approval",
        file="payments/rules.py",
        line="amount_minor >= terms.approval_minor",
        instead="amount_minor > terms.approval_minor",
        tests="tests/payments/test_waiting.py tests/payments/test_velocity.py",
    ),
    Sabotage(
        name="PostgreSQL lets a payment go on that nobody approved",
        file="payments/migrations/sql/waiting_payment_rules.sql",
        line="a.status = 'APPROVED')",
        instead="a.status <> 'WITHDRAWN')",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="held may be written without holds",
        file="accounts/migrations/sql/hold_rules.sql",
        line="WHEN (NEW.held_minor <> OLD.held_minor)",
        instead="WHEN (false)",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="a payment that failed keeps its hold",
        file="payments/operations/carry_out.py",
        line="release_holds(transaction, [payment.id for payment in failed])",
        instead="release_holds(transaction, [])",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="a payment that failed keeps using its limit",
        file="payments/operations/carry_out.py",
        line="    give_back_usage(transaction, failed)",
        instead="    give_back_usage(transaction, [])",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="two workers take up the same payment",
        file="payments/operations/carry_out.py",
        line="ORDER BY t.next_attempt_at LIMIT %s FOR NO KEY UPDATE OF t SKIP LOCKED",
        instead="ORDER BY t.next_attempt_at LIMIT %s",
        tests="tests/payments/test_waiting_concurrency.py",
    ),
    Sabotage(
        name="a rail that has not answered is told again",
        file="payments/operations/send_out.py",
        line="last is not None and last.status in _UNANSWERED",
        instead="last is not None and last.status == _Status.UNKNOWN",
        tests="tests/payments/test_send_out.py",
    ),
    Sabotage(
        name="a lost answer counts as nothing taken",
        file="payments/operations/send_out.py",
        line="_settle(errand, _Status.UNKNOWN, str(failure))",
        instead="_settle(errand, _Status.UNAVAILABLE, str(failure))",
        tests="tests/payments/test_send_out.py",
    ),
    Sabotage(
        name="a rail is tried once too often",
        file="payments/routes.py",
        line="attempts.get(rail, 0) < self.retries.max_attempts",
        instead="attempts.get(rail, 0) <= self.retries.max_attempts",
        tests="tests/payments/test_send_out.py",
    ),
    Sabotage(
        name="a file is reported on as if what failed later were accepted",
        file="iso20022/operations/following.py",
        line="message.accepted -= refused",
        instead="message.accepted -= 0",
        tests="tests/iso20022/test_following.py",
    ),
    Sabotage(
        name="a worker tells a rail although its lease is over",
        file="payments/operations/send_out.py",
        line="        if _is_still_ours(errand):",
        instead="        if errand:",
        tests="tests/payments/test_send_out.py",
    ),
    Sabotage(
        name="a rail takes what it said had never arrived",
        file="payments/rails/simulator.py",
        line="order.attempt <= known.given_up",
        instead="order.attempt < known.given_up",
        tests="tests/payments/test_send_out.py",
    ),
)
