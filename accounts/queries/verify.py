"""Is the ledger what it must always be? Each check is one set-based statement, so it sees one moment even while payments run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tenants.context import current_tenant_id

SHOWN_MAX: Final = 1000
# It takes as long as the books are thick. And whole tables are compared: a plan that looks each row up on its own, made from
# statistics of before the last file was booked, reads all postings for each of its payments.
_UNHURRIED: Final = "SELECT set_config('statement_timeout', '0', true), set_config('enable_nestloop', 'off', true)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`violations` selects (subject, detail) of what is wrong; `subjects` names the table whose rows are looked at."""

    name: str
    subjects: str
    violations: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check found: how many rows it looked at, how many are wrong, and which (at most SHOWN_MAX of them)."""

    check: str
    checked: int
    violation_count: int
    violations: tuple[Violation, ...]


LEDGER_CHECKS: Final = (
    Check(
        name="journals sum to zero",
        subjects="journals",
        violations="""
        SELECT 'journal ' || journal_id, 'sums to ' || sum(amount_minor) || ' ' || currency
        FROM postings GROUP BY journal_id, currency HAVING sum(amount_minor) <> 0""",
    ),
    Check(
        name="journals are complete",
        subjects="journals",
        violations="""
        SELECT 'journal ' || coalesce(j.id, p.journal_id),
            CASE WHEN j.id IS NULL THEN p.postings || ' postings of a journal that is missing'
                 ELSE coalesce(p.postings, 0) || ' postings instead of ' || j.posting_count END
        FROM journals j
        FULL JOIN (SELECT journal_id, count(*) AS postings FROM postings GROUP BY journal_id) p ON p.journal_id = j.id
        WHERE j.posting_count IS DISTINCT FROM p.postings""",
    ),
    Check(
        name="postings fit their accounts",
        subjects="postings",
        violations="""
        SELECT 'posting ' || p.id,
            CASE WHEN a.id IS NULL THEN 'account ' || p.account_id || ' is missing'
                 WHEN a.currency <> p.currency THEN p.currency || ' on account ' || a.id || ' in ' || a.currency
                 WHEN a.append_only THEN 'has a version on the append-only account ' || a.id
                 ELSE 'has no version on account ' || a.id END
        FROM postings p LEFT JOIN accounts a ON a.id = p.account_id
        WHERE a.id IS NULL OR a.currency <> p.currency OR a.append_only <> (p.account_version IS NULL)""",
    ),
    Check(
        name="booked is the sum of postings",
        subjects="accounts",
        violations="""
        SELECT 'account ' || a.id, 'booked ' || a.booked_minor + coalesce(d.unfolded, 0) || ', postings sum to ' || coalesce(p.posted, 0)
        FROM accounts a
        LEFT JOIN (SELECT account_id, sum(amount_minor) AS posted FROM postings GROUP BY account_id) p ON p.account_id = a.id
        LEFT JOIN (SELECT account_id, sum(amount_minor) AS unfolded FROM balance_deltas GROUP BY account_id) d ON d.account_id = a.id
        WHERE a.booked_minor + coalesce(d.unfolded, 0) <> coalesce(p.posted, 0)""",
    ),
    Check(
        name="deltas wait on append-only accounts",
        subjects="balance_deltas",
        violations="""
        SELECT 'delta ' || d.id, 'waits for account ' || d.account_id || ', which is not append-only'
        FROM balance_deltas d LEFT JOIN accounts a ON a.id = d.account_id WHERE a.append_only IS NOT true""",
    ),
    Check(
        name="versions have no gap",
        subjects="accounts",
        violations="""
        SELECT 'account ' || a.id, 'version ' || a.version || ', ' || coalesce(p.postings, 0) || ' postings numbered '
            || coalesce(p.first, 0) || ' to ' || coalesce(p.last, 0)
        FROM accounts a
        LEFT JOIN (
            SELECT account_id, count(*) AS postings, min(account_version) AS first, max(account_version) AS last
            FROM postings WHERE account_version IS NOT NULL GROUP BY account_id
        ) p ON p.account_id = a.id
        WHERE (a.version, a.version, least(a.version, 1))
            IS DISTINCT FROM (coalesce(p.postings, 0), coalesce(p.last, 0), coalesce(p.first, 0))""",
    ),
    Check(
        name="balances follow one another",
        subjects="postings",
        violations="""
        SELECT 'posting ' || id, 'balance after it is ' || balance_after_minor || ' instead of ' || expected
        FROM (
            SELECT id, balance_after_minor, amount_minor + coalesce(
                lag(balance_after_minor) OVER (PARTITION BY account_id ORDER BY account_version), 0) AS expected
            FROM postings WHERE account_version IS NOT NULL
        ) p WHERE balance_after_minor IS DISTINCT FROM expected""",
    ),
    Check(
        name="versions are in the order of time",
        subjects="postings",
        violations="""
        SELECT 'posting ' || id, 'is of ' || created_at || ', the one before it of ' || previous
        FROM (
            SELECT id, created_at, lag(created_at) OVER (PARTITION BY account_id ORDER BY account_version) AS previous
            FROM postings WHERE account_version IS NOT NULL
        ) p WHERE created_at < previous""",
    ),
    Check(
        name="held is the sum of holds",
        subjects="accounts",
        violations="""
        SELECT 'account ' || a.id, 'held ' || a.held_minor || ', active holds sum to ' || coalesce(h.held, 0)
        FROM accounts a
        LEFT JOIN (
            SELECT account_id, sum(amount_minor) AS held FROM holds WHERE status = 'ACTIVE' GROUP BY account_id
        ) h ON h.account_id = a.id
        WHERE a.held_minor <> coalesce(h.held, 0)""",
    ),
    Check(
        name="holds fit their accounts",
        subjects="holds",
        violations="""
        SELECT 'hold ' || h.id, CASE WHEN a.id IS NULL THEN 'account ' || h.account_id || ' is missing'
            ELSE h.currency || ' on account ' || a.id || ' in ' || a.currency END
        FROM holds h LEFT JOIN accounts a ON a.id = h.account_id WHERE a.id IS NULL OR a.currency <> h.currency""",
    ),
    Check(
        name="nobody is below their limit",
        subjects="accounts",
        violations="SELECT 'account ' || id, 'available ' || available_minor FROM accounts WHERE NOT append_only AND available_minor < 0",
    ),
)


def verify_ledger() -> list[Verdict]:
    """The verdicts on the ledger of the tenant in context."""
    return run_checks(LEDGER_CHECKS)


def run_checks(checks: Sequence[Check]) -> list[Verdict]:
    current_tenant_id()  # raises TenantRequired: with no tenant every check would see no rows and be content
    return [_run(check) for check in checks]


def _run(check: Check) -> Verdict:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UNHURRIED)
        cursor.execute(f"SELECT count(*) FROM {check.subjects}")  # noqa: S608  # constants of this app
        (checked,) = cursor.fetchone()
        cursor.execute(
            f"SELECT subject, detail, count(*) OVER () FROM ({check.violations}) v(subject, detail)"  # noqa: S608  # constants, too
            f" ORDER BY subject LIMIT {SHOWN_MAX}"
        )
        rows = cursor.fetchall()
    return Verdict(
        check=check.name,
        checked=checked,
        violation_count=rows[0][2] if rows else 0,
        violations=tuple(Violation(subject=subject, detail=detail) for subject, detail, _ in rows),
    )
