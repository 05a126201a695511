"""Moments among an account's versions. Its postings are in the order of time, so no index by time is needed to find one."""


def last_version(condition: str) -> str:
    """SQL: version of the last posting `p` of account `a` for which the condition holds; 0 if for none.

    The condition holds up to some version and for none after it. The answer is built bit by bit from the highest bit of the
    account's version, twenty look-ups for a million postings, and stays the same when postings are added for which the
    condition does not hold. A subquery for one value rather than EXISTS, which PostgreSQL may answer by hashing all postings.
    """
    return f"""(
    WITH RECURSIVE probe(step, version) AS (
        SELECT 1::int8 << ceil(ln(greatest(a.version, 1)) / ln(2))::int, 0::int8
        UNION ALL
        SELECT probe.step >> 1, CASE WHEN (
            SELECT {condition} FROM postings p WHERE p.account_id = a.id AND p.account_version = probe.version + probe.step
        ) THEN probe.version + probe.step ELSE probe.version END
        FROM probe WHERE probe.step > 0
    )
    SELECT version FROM probe WHERE step = 0)"""  # noqa: S608  # constants
