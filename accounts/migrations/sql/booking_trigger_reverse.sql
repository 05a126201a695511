DROP TRIGGER postings_are_booked ON postings;
DROP TRIGGER accounts_booked_on_insert ON accounts;
DROP TRIGGER accounts_booked_on_update ON accounts;
DROP FUNCTION book_new_postings();
DROP TRIGGER balance_deltas_are_posted ON balance_deltas;
DROP FUNCTION refuse_delta();
DROP FUNCTION check_booked_balance();
CREATE FUNCTION check_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offending uuid;
    rule text;
BEGIN
    IF current_setting('enable_seqscan') = 'on' OR current_setting('enable_hashjoin') = 'on' OR current_setting('enable_mergejoin') = 'on' THEN
        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    END IF;
    -- Postings of a journal sum to zero per currency, and come all in one statement: none can be added later, because a
    -- journal's lines are 0 to count − 1, each once.
    SELECT f.journal_id, CASE WHEN f.unbalanced THEN 'journal_balances' ELSE 'journal_complete' END INTO offending, rule
        FROM (
            SELECT tenant_id, journal_id, sum(postings) AS postings, min(first) AS first, max(last) AS last, bool_or(amount_minor <> 0) AS unbalanced
            FROM (
                SELECT tenant_id, journal_id, count(*)::int AS postings, min(line) AS first, max(line) AS last, sum(amount_minor) AS amount_minor
                FROM fresh GROUP BY journal_id, tenant_id, currency
            ) by_currency GROUP BY journal_id, tenant_id
        ) f
        LEFT JOIN journals j ON j.id = f.journal_id AND j.tenant_id = f.tenant_id
        WHERE f.unbalanced OR j.posting_count IS DISTINCT FROM f.postings OR f.first <> 0 OR f.last <> f.postings - 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % %', offending, CASE rule WHEN 'journal_balances' THEN 'does not sum to zero' ELSE 'is not complete' END
            USING ERRCODE = 'check_violation', CONSTRAINT = rule;
    END IF;
    -- Each posting is on an account of the tenant, in its currency, and continues the account's chain of balances: the first
    -- of the statement follows the account's row, which carries its last posting's balance, the others follow one another.
    -- Only the first has a row to look for: its id is null for the others, and nothing is looked up.
    SELECT f.id INTO offending
        FROM (
            SELECT id, tenant_id, account_id, currency, amount_minor, account_version, balance_after_minor,
                lag(currency) OVER chain AS previous_currency,
                lag(account_version) OVER chain AS previous_version, lag(balance_after_minor) OVER chain AS previous_balance_minor
            FROM fresh WINDOW chain AS (PARTITION BY account_id, tenant_id ORDER BY account_version)
        ) f
        LEFT JOIN accounts a ON a.id = CASE WHEN f.previous_currency IS NULL THEN f.account_id END AND a.tenant_id = f.tenant_id
        WHERE CASE WHEN f.previous_currency IS NULL THEN
                a.currency IS DISTINCT FROM f.currency
                OR a.append_only <> (f.account_version IS NULL)
                OR f.account_version <> a.version + 1
                OR f.balance_after_minor <> a.booked_minor + f.amount_minor
            ELSE
                f.previous_currency <> f.currency
                OR (f.previous_version IS NULL) <> (f.account_version IS NULL)
                OR f.account_version <> f.previous_version + 1
                OR f.balance_after_minor <> f.previous_balance_minor + f.amount_minor
            END
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % does not fit its account', offending USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_fits_account';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_booked_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offending uuid;
BEGIN
    IF current_setting('enable_seqscan') = 'on' OR current_setting('enable_hashjoin') = 'on' OR current_setting('enable_mergejoin') = 'on' THEN
        PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);
    END IF;
    -- The account's version is that of its last posting, and so is its balance. Looked for from that version on, where the index
    -- has one row: without the bound PostgreSQL reads every version on the page before it gives the last one.
    SELECT f.id INTO offending FROM fresh f
        LEFT JOIN LATERAL (
            SELECT p.account_version, p.balance_after_minor FROM postings p
                WHERE p.account_id = f.id AND p.account_version >= f.version AND p.tenant_id = f.tenant_id
                ORDER BY p.account_version DESC LIMIT 1
        ) AS last ON true
        WHERE NOT f.append_only AND (f.version <> COALESCE(last.account_version, 0) OR f.booked_minor <> COALESCE(last.balance_after_minor, 0))
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account %: booked balance is not that of its last posting', offending
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_booked_is_posted';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER postings_are_balanced AFTER INSERT ON postings
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_new_postings();
CREATE TRIGGER accounts_booked_on_insert AFTER INSERT ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();
CREATE TRIGGER accounts_booked_on_update AFTER UPDATE ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();
