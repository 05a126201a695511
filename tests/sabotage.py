"""Does the suite notice? `python -m tests.sabotage`: breaks one line at a time in a copy and expects the tests to fail.

Each sabotage is a plausible slip in a place where money, tenants or messages depend on one line. A sabotage that no test
notices, or whose line is not there any more, is reported and makes the exit status 1.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """`line` becomes `instead` in `file`; `tests` are the ones expected to notice."""

    name: str
    file: str
    line: str
    instead: str
    tests: str


SABOTAGES: Final = (
    # The ledger
    Sabotage(
        name="the creditor gets one unit more",
        file="payments/rules.py",
        line="Leg(account_id=creditor_id, amount_minor=amount_minor, currency=currency),",
        instead="Leg(account_id=creditor_id, amount_minor=amount_minor + 1, currency=currency),",
        tests="tests/payments/test_rules.py",
    ),
    Sabotage(
        name="an unbalanced journal is let through by PostgreSQL",
        file="accounts/migrations/sql/cheaper_checks.sql",
        line="bool_or(amount_minor <> 0) AS unbalanced",
        instead="false AS unbalanced",
        tests="tests/accounts",
    ),
    Sabotage(
        name="postings may be joined to a journal later",
        file="accounts/migrations/sql/cheaper_checks.sql",
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
        file="accounts/migrations/sql/cheaper_checks.sql",
        line="f.booked_minor <> COALESCE(last.balance_after_minor, 0)",
        instead="false",
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
        file="accounts/operations/fold.py",
        line="a.booked_minor + s.amount_minor",
        instead="a.booked_minor",
        tests="tests/accounts",
    ),
    # The rules
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
    # Idempotency
    Sabotage(
        name="another body with the same key gets the old answer",
        file="payments/operations/submit.py",
        line="if hmac.compare_digest(fingerprint, item.idempotency.fingerprint):",
        instead="if fingerprint:",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="answers are not kept",
        file="payments/operations/writes.py",
        line="    ordered = sorted(answers, key=lambda answer: answer[0])",
        instead="    ordered = sorted(answers[:0], key=lambda answer: answer[0])",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="the amount is not part of the fingerprint",
        file="payments/api/shapes.py",
        line="            amount_minor,\n            self.currency,\n            self.reference,",
        instead="            self.currency,\n            self.reference,",
        tests="tests/payments/test_api.py",
    ),
    # Configuration
    Sabotage(
        name="one's own change is approved with a second client",
        file="config_mgmt/operations/changes.py",
        line="if actor.is_one_of(change.changed_by, change.changed_by_person):",
        instead="if actor.name == change.changed_by:",
        tests="tests/config_mgmt/test_change_decisions.py",
    ),
    Sabotage(
        name="a roll-out leaves the last per cent out",
        file="config_mgmt/flags/evaluate.py",
        line="normalized(flag.key, unit) <= percentage",
        instead="normalized(flag.key, unit) < percentage",
        tests="tests/config_mgmt/flags/test_evaluate.py",
    ),
    Sabotage(
        name="the last request of a burst is refused",
        file="config_mgmt/rate_limits/gcra.py",
        line="level.debt_us + bucket.cost_us <= bucket.depth_us",
        instead="level.debt_us + bucket.cost_us < bucket.depth_us",
        tests="tests/config_mgmt/rate_limits/test_gcra.py",
    ),
    Sabotage(
        name="a payment after the cut-off keeps its day",
        file="payments/value_dates.py",
        line="first = today + _DAY if late else today",
        instead="first = today",
        tests="tests/payments/value_dates",
    ),
    Sabotage(
        name="a process never reads changed configuration",
        file="config_mgmt/snapshots.py",
        line="if entry is not None and entry[0] >= tenant.config_revision:",
        instead="if entry is not None:",
        tests="tests/config_mgmt",
    ),
    # Tenancy
    Sabotage(
        name="tables are made without forcing row-level security on their owner",
        file="tenants/database/schema.py",
        line="FORCE ROW LEVEL SECURITY",
        instead="NO FORCE ROW LEVEL SECURITY",
        tests="tests/tenants/test_isolation_gaps.py tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="the policy lets every tenant's rows through",
        file="tenants/database/schema.py",
        line="USING ({_OWN_ROWS}) WITH CHECK",
        instead="USING (true) WITH CHECK",
        tests="tests/tenants/test_isolation_gaps.py tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="the tenant outlives its transaction",
        file="tenants/database/base.py",
        line='sql.SQL("SET LOCAL app.current_tenant',
        instead='sql.SQL("SET app.current_tenant',
        tests="tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="X-Tenant-ID is believed",
        file="tenants/middleware.py",
        line="if named is not None and named not in {tenant.slug, tenant.reference}:",
        instead="if named is not None and not named:",
        tests="tests/tenants/identity",
    ),
    Sabotage(
        name="a suspended tenant makes payments",
        file="tenants/middleware.py",
        line='SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})',
        instead='SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})',
        tests="tests/tenants/identity",
    ),
    Sabotage(
        name="an expired token is good",
        file="tenants/tokens.py",
        line='"require"',
        instead='"verify_exp": False, "require"',
        tests="tests/tenants/identity",
    ),
    # Messages
    Sabotage(
        name="a document type declaration is accepted",
        file="iso20022/wire.py",
        line="if element.getroottree().docinfo.internalDTD is not None:",
        instead="if element.getroottree().docinfo.internalDTD is element:",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a comment inside an amount changes it",
        file="iso20022/wire.py",
        line="remove_comments=True",
        instead="remove_comments=False",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a wrong control sum is accepted",
        file="iso20022/pain001/rules.py",
        line="if header.control_sum is not None and header.control_sum != total:",
        instead="if header.control_sum is not None and header.control_sum > total:",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a file is booked twice under one MsgId",
        file="iso20022/operations/receiving.py",
        line="message.claims_message_id = True",
        instead="message.claims_message_id = False",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="whoever goes on with a message starts again",
        file="iso20022/operations/processing.py",
        line="todo = chunk[max(message.processed - position, 0) :]",
        instead="todo = chunk[:]",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a file with one rejected transfer is reported as booked",
        file="iso20022/pain002.py",
        line='if found & {"RJCT", "PART"}:',
        instead='if found & {"PART"}:',
        tests="tests/iso20022",
    ),
    Sabotage(
        name="debits are credits on the statement",
        file="iso20022/camt053.py",
        line='<CdtDbtInd>DBIT</CdtDbtInd>" if minor < 0',
        instead='<CdtDbtInd>DBIT</CdtDbtInd>" if minor > 0',
        tests="tests/iso20022",
    ),
    # Payments that wait
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
        line="actor.is_one_of(approval.requested_by, approval.requested_by_person)",
        instead="actor.is_one_of(approval.requested_by)",
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
        line="last.status in {_Status.SENT, _Status.UNKNOWN}",
        instead="last.status == _Status.UNKNOWN",
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
)


def _copy(to: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in files.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def _noticed(sabotage: Sabotage, copy: Path) -> bool | None:
    """True when the tests fail, False when they pass, None when the line is not there."""
    target = copy / sabotage.file
    original = target.read_text()
    if sabotage.line not in original:
        return None
    target.write_text(original.replace(sabotage.line, sabotage.instead, 1))
    try:
        run = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *sabotage.tests.split()]
        return subprocess.run(run, cwd=copy, capture_output=True, check=False).returncode == 1
    finally:
        target.write_text(original)


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [s for s in SABOTAGES if not wanted or any(word in s.name or word in s.file for word in wanted)]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        _copy(Path(folder))
        for sabotage in chosen:
            noticed = _noticed(sabotage, Path(folder))
            missed += noticed is not True
            verdict = {True: "noticed", False: "NOT NOTICED", None: "LINE NOT FOUND"}[noticed]
            print(f"{verdict:15} {sabotage.file}: {sabotage.name}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
