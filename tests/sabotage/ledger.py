"""What keeps the books balanced: postings, journals and balances."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="the creditor gets one unit more",
        file="payments/rules.py",
        line="Leg(account_id=creditor_id, amount_minor=amount_minor, currency=currency),",
        instead="Leg(account_id=creditor_id, amount_minor=amount_minor + 1, currency=currency),",
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="an unbalanced journal is let through by PostgreSQL",
        file="accounts/migrations/sql/booking_trigger.sql",
        line="bool_or(amount_minor <> 0) AS unbalanced",
        instead="false AS unbalanced",
        tests="tests/accounts",
    ),
    Sabotage(
        name="postings may be joined to a journal later",
        file="accounts/migrations/sql/booking_trigger.sql",
        line="WHERE f.unbalanced OR j.posting_count IS DISTINCT FROM f.postings OR",
        instead="WHERE f.unbalanced OR",
        tests="tests/accounts",
    ),
    Sabotage(
        name="postings may be changed",
        file="accounts/migrations/sql/ledger_rules.sql",
        line="CREATE TRIGGER postings_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON postings",
        instead="CREATE TRIGGER postings_immutable BEFORE TRUNCATE ON postings",
        tests="tests/accounts",
    ),
    Sabotage(
        name="a booked balance may be written without postings",
        file="accounts/migrations/sql/folds_by_deletion.sql",
        line="AND NEW.booked_minor = coalesce(last.balance_after_minor, 0);",
        instead=";",
        tests="tests/accounts",
    ),
    Sabotage(
        name="a balance after a posting need not follow from the one before it",
        file="accounts/migrations/sql/booking_trigger.sql",
        line=" AND v.is_broken IS NOT TRUE",
        instead="",
        tests="tests/accounts",
    ),
    Sabotage(
        name="an account may refuse its postings and the others still move",
        file="accounts/migrations/sql/booking_trigger.sql",
        line="IF unbooked <> 0 THEN",
        instead="IF false THEN",
        tests="tests/accounts",
    ),
    Sabotage(
        name="the balance after a posting is the one before it",
        file="accounts/ledger/journal.py",
        line="account.version + 1",
        instead="account.version + 2",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="a fold forgets what it moves",
        file="accounts/migrations/sql/folds_by_deletion.sql",
        line="SET booked_minor = a.booked_minor + s.amount_minor",
        instead="SET booked_minor = a.booked_minor",
        tests="tests/accounts",
    ),
    Sabotage(
        name="a shared balance is moved by hand",
        file="accounts/migrations/sql/folds_by_deletion.sql",
        line="is_posted := TG_OP = 'UPDATE' AND NEW.booked_minor = OLD.booked_minor AND NEW.version = OLD.version;",
        instead="is_posted := true;",
        tests="tests/accounts/test_database_rules.py",
    ),
    Sabotage(
        name="a frozen account is posted to by hand",
        file="accounts/operations/journals.py",
        line='    if account.status == "FROZEN":',
        instead='    if account.status == "THAWED":',
        tests="tests/portal/test_accounts.py",
    ),
    Sabotage(
        name="an account changes hands",
        file="accounts/migrations/sql/account_identity.sql",
        line="WHEN ((OLD.id, OLD.tenant_id, OLD.customer_id,",
        instead="WHEN ((OLD.id, OLD.tenant_id, NEW.customer_id,",
        tests="tests/accounts/test_database_rules.py",
    ),
    Sabotage(
        name="the books are verified by plans for small tables",
        file="accounts/queries/verify.py",
        line=", set_config('enable_nestloop', 'off', true)",
        instead="",
        tests="tests/accounts/test_verify_ledger.py",
    ),
    Sabotage(
        name="PostgreSQL keeps away from a socket whose lock names a living process",
        file="payment_engine/devserver/servers.py",
        line=', *self.data_dir.glob(".s.PGSQL.*"))',
        instead=",)",
        tests="tests/devserver/test_servers.py",
    ),
)
