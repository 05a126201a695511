"""Does the ledger say the same as the payments? In the manner of accounts.queries.verify."""

from typing import Final

from accounts.queries.verify import Check, Verdict, run_checks, verify_ledger
from payments.velocity import EVERY_TYPE

# What uses no limit, or none any more.
_NOT_COUNTED: Final = "('REJECTED', 'FAILED', 'CANCELLED')"
# States in which a payment's money has been moved, once and for all.
_BOOKED: Final = "('COMPLETED', 'REVERSED', 'RETURNED')"

PAYMENT_CHECKS: Final = (
    Check(
        name="booked payments have one journal",
        subjects="transactions",
        violations=f"""
        SELECT 'payment ' || t.id, t.status || ' with ' || coalesce(j.journals, 0) || ' journals'
            || CASE WHEN j.journals = 1 AND j.id IS DISTINCT FROM t.journal_id THEN ', another one than it names' ELSE '' END
        FROM transactions t
        LEFT JOIN (
            SELECT payment_id, count(*) AS journals, (array_agg(id))[1] AS id FROM journals WHERE kind = 'PAYMENT' GROUP BY payment_id
        ) j ON j.payment_id = t.id
        WHERE CASE WHEN t.status IN {_BOOKED} THEN j.journals IS DISTINCT FROM 1 OR j.id IS DISTINCT FROM t.journal_id
                   ELSE j.journals IS NOT NULL END""",  # noqa: S608  # constants
    ),
    Check(
        name="payments' journals have a payment",
        subjects="journals",
        violations="""
        SELECT 'journal ' || j.id, CASE WHEN j.payment_id IS NULL THEN j.kind || ' of no payment'
            ELSE j.kind || ' of payment ' || j.payment_id || ', which is missing' END
        FROM journals j LEFT JOIN transactions t ON t.id = j.payment_id
        WHERE j.kind IN ('PAYMENT', 'REVERSAL') AND t.id IS NULL""",
    ),
    Check(
        name="legs are amount and fee",
        subjects="transactions",
        violations="""
        SELECT 'payment ' || t.id, format('debtor %s, creditor %s, others %s; amount %s, fee %s paid by %s',
            l.debtor, l.creditor, l.others, t.amount_minor, t.fee_minor, coalesce(v.fee_schedule->>'payer', 'DEBTOR'))
        FROM transactions t
        LEFT JOIN payment_types v ON v.code = t.payment_type AND v.version = t.payment_type_version
        JOIN (
            SELECT j.payment_id,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.account_id = x.debtor_account_id), 0) AS debtor,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.account_id = x.creditor_account_id), 0) AS creditor,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.account_id <> x.debtor_account_id
                    AND p.account_id IS DISTINCT FROM x.creditor_account_id), 0) AS others,
                bool_and(p.currency = x.currency) AS one_currency
            FROM journals j JOIN transactions x ON x.id = j.payment_id JOIN postings p ON p.journal_id = j.id
            WHERE j.kind = 'PAYMENT' GROUP BY j.id, j.payment_id
        ) l ON l.payment_id = t.id
        CROSS JOIN LATERAL (SELECT CASE WHEN v.fee_schedule->>'payer' = 'CREDITOR' THEN t.fee_minor ELSE 0 END AS of_creditor) fee
        CROSS JOIN LATERAL (
            SELECT CASE WHEN t.creditor_account_id IS NULL THEN t.amount_minor - fee.of_creditor ELSE 0 END AS amount_minor
        ) left_bank
        WHERE (l.debtor, l.creditor, l.others, l.one_currency) IS DISTINCT FROM (-t.amount_minor - t.fee_minor + fee.of_creditor,
            t.amount_minor - fee.of_creditor - left_bank.amount_minor, t.fee_minor + left_bank.amount_minor, true)""",
    ),
    Check(
        name="payments under way have their hold",
        subjects="holds",
        violations="""
        SELECT CASE WHEN t.id IS NULL THEN 'hold ' || h.id ELSE 'payment ' || t.id END,
            CASE WHEN t.id IS NULL THEN 'of payment ' || h.payment_id || ', which is missing'
                 ELSE format('%s with %s', t.status, coalesce('a hold that is ' || h.status, 'no hold')) END
        FROM transactions t FULL JOIN holds h ON h.payment_id = t.id
        WHERE CASE WHEN t.id IS NULL THEN true WHEN t.status IN ('RESERVED', 'SUBMITTED') THEN h.status IS DISTINCT FROM 'ACTIVE'
                   WHEN t.status IN ('FAILED', 'CANCELLED') THEN h.status <> 'RELEASED'
                   ELSE h.status <> 'CAPTURED' END
            OR h.account_id <> t.debtor_account_id OR h.currency <> t.currency
            OR h.amount_minor NOT IN (t.amount_minor, t.amount_minor + t.fee_minor)""",
    ),
    Check(
        name="one rail accepted what left the bank",
        subjects="rail_attempts",
        violations="""
        SELECT 'payment ' || t.id, format('%s over %s with %s accepted attempts', t.status, t.rail, coalesce(a.accepted, 0))
        FROM transactions t
        LEFT JOIN (
            SELECT payment_id, count(*) AS accepted FROM rail_attempts WHERE status = 'ACCEPTED' GROUP BY payment_id
        ) a ON a.payment_id = t.id
        WHERE t.creditor_iban IS NOT NULL
            AND coalesce(a.accepted, 0) <> CASE WHEN t.status IN ('COMPLETED', 'RETURNED', 'REVERSED') THEN 1 ELSE 0 END""",
    ),
    Check(
        name="approvals are by another person",
        subjects="payment_approvals",
        violations="""
        SELECT 'payment ' || t.id, format('%s with an approval that is %s', t.status, a.status)
        FROM payment_approvals a JOIN transactions t ON t.id = a.payment_id
        WHERE a.status <> CASE WHEN t.status = 'PENDING_APPROVAL' THEN 'PENDING' WHEN t.status = 'REJECTED' THEN 'REFUSED'
                WHEN t.status = 'CANCELLED' AND a.status = 'WITHDRAWN' THEN 'WITHDRAWN' ELSE 'APPROVED' END
            OR a.status = 'APPROVED'
                AND lower(trim(a.decided_by_person)) IN (lower(trim(a.requested_by)), lower(trim(a.requested_by_person)))""",
    ),
    Check(
        name="reversals add up",
        subjects="reversals",
        violations="""
        SELECT 'payment ' || t.id, format('%s, reversed %s of %s, reversals sum to %s',
            t.status, t.reversed_minor, t.amount_minor, coalesce(r.reversed, 0))
        FROM transactions t
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS reversed FROM reversals GROUP BY payment_id) r ON r.payment_id = t.id
        WHERE t.reversed_minor <> coalesce(r.reversed, 0) OR t.reversed_minor > t.amount_minor
            OR (t.status = 'REVERSED') <> (t.reversed_minor = t.amount_minor)""",
    ),
    Check(
        name="reversals have their journals",
        subjects="reversals",
        violations="""
        SELECT CASE WHEN r.id IS NULL THEN 'journal ' || l.id ELSE 'reversal ' || r.id END,
            CASE WHEN r.id IS NULL THEN 'a reversal that is missing' WHEN l.id IS NULL THEN 'journal ' || r.journal_id || ' is missing'
                 ELSE format('debtor %s, creditor %s; amount %s', l.debtor, l.creditor, r.amount_minor) END
        FROM reversals r
        FULL JOIN (
            SELECT j.id, j.payment_id,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.account_id = x.debtor_account_id), 0) AS debtor,
                coalesce(sum(p.amount_minor) FILTER (WHERE p.account_id = x.creditor_account_id), 0) AS creditor
            FROM journals j JOIN transactions x ON x.id = j.payment_id JOIN postings p ON p.journal_id = j.id
            WHERE j.kind = 'REVERSAL' GROUP BY j.id, j.payment_id
        ) l ON l.id = r.journal_id AND l.payment_id = r.payment_id
        WHERE (l.debtor, l.creditor) IS DISTINCT FROM (r.amount_minor::numeric, -r.amount_minor::numeric)""",
    ),
    Check(
        name="limits are used as the payments say",
        subjects="limit_usages",
        violations=f"""
        SELECT 'account ' || u.account_id, format('%s of %s since %s: %s in %s payments, which sum to %s in %s',
            u.payment_type, u.window_kind, u.window_start, u.amount_minor, u.count, p.amount_minor, p.count)
        FROM limit_usages u
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(t.amount_minor), 0) AS amount_minor, count(*) AS count
            FROM transactions t
            WHERE t.debtor_account_id = u.account_id AND t.created_at >= u.window_start AND t.created_at <= u.counted_until
                AND t.created_at < u.window_start + ('1 ' || u.window_kind)::interval
                AND (u.payment_type = '{EVERY_TYPE}' OR t.payment_type = u.payment_type) AND t.status NOT IN {_NOT_COUNTED}
        ) p
        WHERE (u.amount_minor, u.count) IS DISTINCT FROM (p.amount_minor, p.count)""",  # noqa: S608  # constants
    ),
)


def verify_tenant() -> list[Verdict]:
    """Every verdict on the books of the tenant in context: the ledger's own, then the payments'."""
    return [*verify_ledger(), *run_checks(PAYMENT_CHECKS)]
