"""What decides whether a payment may be booked, and what it costs."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="a reversal needs no journal",
        file="payments/migrations/sql/reversals_add_up.sql",
        line="WHERE j.id IS NULL OR f.amount_minor IS DISTINCT FROM (",
        instead="WHERE j.id IS NOT NULL AND f.amount_minor IS DISTINCT FROM (",
        tests="tests/payments/test_reversal_rules.py",
    ),
    Sabotage(
        name="the fee is not part of what must be available",
        file="payments/rules.py",
        line="amount_minor, price.debit_minor, debtor, creditor",
        instead="amount_minor, price.credit_minor, debtor, creditor",
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="the last unit can't be spent",
        file="payments/rules.py",
        line="if debtor.available_minor < debit_minor:",
        instead="if debtor.available_minor <= debit_minor:",
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="the largest amount is one too many",
        file="payments/rules.py",
        line="amount_minor > terms.max_minor",
        instead="amount_minor > terms.max_minor + 1",
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="frozen accounts take payments",
        file="payments/rules.py",
        line='if account.status == "FROZEN":',
        instead='if account.status == "FROZEN?":',
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="earlier items of a batch are forgotten",
        file="payments/operations/submit.py",
        line="decision.debtor.promise(decision.debit_minor)",
        instead="decision.debtor.promise(0)",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="what a payment uses of its limits is not counted",
        file="payments/velocity.py",
        line="used[counter] = used.get(counter, Used()).plus(amount_minor)",
        instead="used[counter] = used.get(counter, Used()).plus(0)",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="a percentage is cut off instead of rounded",
        file="payments/fees.py",
        line="(amount_minor * tier.parts + _HALF) // _WHOLE",
        instead="amount_minor * tier.parts // _WHOLE",
        tests="tests/payments/test_fees.py",
    ),
    Sabotage(
        name="a limit that is new forgets what was before it",
        file="payments/operations/writes.py",
        line="used=Used(amount_minor + more_minor, count + more_count)",
        instead="used=Used(amount_minor, count)",
        tests="tests/payments/test_usage.py",
    ),
    Sabotage(
        name="an atomic batch is booked in part",
        file="payments/operations/submit.py",
        line="if mode is Mode.ATOMIC and any(_is_refused(outcome) for outcome in outcomes):",
        instead="if mode is Mode.ATOMIC and all(_is_refused(outcome) for outcome in outcomes):",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="more can be reversed than is left",
        file="payments/operations/reverse.py",
        line="left = payment.amount_minor - payment.reversed_minor",
        instead="left = payment.amount_minor",
        tests="tests/payments/test_api.py",
    ),
    Sabotage(
        name="a UETR makes two payments",
        file="payments/operations/submit.py",
        line="if item.uetr is not None and item.uetr in self._used_uetrs:",
        instead="if item.uetr is not None and item.uetr in self._kept:",
        tests="tests/payments/test_uetr.py",
    ),
    Sabotage(
        name="what was asked of a payment changes",
        file="payments/migrations/sql/value_date_at_approval.sql",
        line="OLD.creditor_account_id,",
        instead="NEW.creditor_account_id,",
        tests="tests/payments/test_states.py",
    ),
    Sabotage(
        name="money given back counts from too early a day",
        file="payments/operations/reverse.py",
        line="max(accounts.locked_at.date(), payment.value_date)",
        instead="min(accounts.locked_at.date(), payment.value_date)",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="an approval leaves the value date behind",
        file="payments/operations/approvals.py",
        line="payment.value_date = max(payment.value_date, terms.value_date_at(accounts.locked_at, payment.requested_execution_date))",
        instead="terms.value_date_at(accounts.locked_at, payment.requested_execution_date)",
        tests="tests/payments/test_waiting.py",
    ),
    Sabotage(
        name="postings are of before their accounts were locked",
        file="accounts/ledger/locks.py",
        line="SELECT *, clock_timestamp() FROM",
        instead="SELECT *, now() FROM",
        tests="tests/payments/test_concurrency.py",
    ),
)
