-- Postings move the balances they explain: nobody else has to, and nobody else can. The statement that inserts postings
-- also updates their accounts' rows (or, for append-only accounts, adds their balance deltas), so booked = Σ postings
-- holds by construction, with one look at each account instead of three.

CREATE FUNCTION book_new_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offending uuid;
    rule text;
    unbooked bigint;
BEGIN
    -- Names are looked up by the caller's search_path: another schema's tables must not answer for these.
    IF current_schema() <> TG_TABLE_SCHEMA THEN
        IF EXISTS (SELECT FROM fresh) THEN
            RAISE EXCEPTION 'the tables beside % are not those the search path finds first', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
        END IF;
        RETURN NULL;
    END IF;
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
    -- Each posting is on an account of the tenant, in its currency. Those with a version continue the account's chain: the first
    -- follows the account's row, the others follow one another (versions are distinct, so as many as from first to last leave
    -- no gap). The caller holds the accounts' locks.
    WITH chain AS (
        SELECT account_id, tenant_id, currency, account_version, amount_minor, balance_after_minor - amount_minor AS balance_before_minor,
            lag(balance_after_minor) OVER (PARTITION BY account_id, tenant_id ORDER BY account_version) AS previous_balance_minor
        FROM fresh WHERE account_version IS NOT NULL
    ),
    versioned AS (
        SELECT account_id, tenant_id, currency, count(*) AS postings, max(account_version) AS version, sum(amount_minor)::bigint AS amount_minor,
            min(account_version) AS first_version,
            min(balance_before_minor) FILTER (WHERE previous_balance_minor IS NULL) AS balance_before_minor,
            bool_or(balance_before_minor <> previous_balance_minor) AS is_broken
        FROM chain GROUP BY account_id, tenant_id, currency
    ),
    moved AS (
        UPDATE accounts a SET booked_minor = a.booked_minor + v.amount_minor, version = v.version
        FROM versioned v
        WHERE a.id = v.account_id AND a.tenant_id = v.tenant_id AND a.currency = v.currency AND a.status <> 'CLOSED' AND NOT a.append_only
            AND a.version = v.first_version - 1 AND a.version = v.version - v.postings
            AND a.booked_minor = v.balance_before_minor AND v.is_broken IS NOT TRUE
        RETURNING 1
    ),
    shared AS (
        SELECT account_id, tenant_id, currency, sum(amount_minor)::bigint AS amount_minor, count(*)::int AS postings
        FROM fresh WHERE account_version IS NULL GROUP BY account_id, tenant_id, currency
    ),
    added AS (
        INSERT INTO balance_deltas (id, tenant_id, account_id, amount_minor, posting_count)
        SELECT uuidv7(), s.tenant_id, s.account_id, s.amount_minor, s.postings
        FROM shared s
        WHERE (SELECT a.append_only FROM accounts a WHERE a.id = s.account_id AND a.tenant_id = s.tenant_id AND a.currency = s.currency)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM versioned) + (SELECT count(*) FROM shared) - (SELECT count(*) FROM moved) - (SELECT count(*) FROM added)
        INTO unbooked;
    IF unbooked <> 0 THEN
        SELECT f.account_id INTO offending FROM fresh f
            LEFT JOIN accounts a ON a.id = f.account_id AND a.tenant_id = f.tenant_id
            GROUP BY f.account_id, f.tenant_id
            HAVING bool_or(a.currency IS DISTINCT FROM f.currency OR a.append_only <> (f.account_version IS NULL))
                OR max(a.version) <> max(f.account_version) LIMIT 1;
        RAISE EXCEPTION 'a posting does not fit its account %', coalesce(offending::text, 'any more') USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_fits_account';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_booked_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    IF current_schema() <> TG_TABLE_SCHEMA OR NEW.tenant_id IS DISTINCT FROM tenants.current_tenant() THEN
        RAISE EXCEPTION 'the rows beside this one of % are not those of its tenant and schema', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
    END IF;
    IF NEW.append_only THEN
        RETURN NULL;  -- folds move it
    END IF;
    SELECT p.account_version, p.balance_after_minor INTO last FROM postings p
        WHERE p.account_id = NEW.id AND p.tenant_id = NEW.tenant_id AND p.account_version IS NOT NULL ORDER BY p.account_version DESC LIMIT 1;
    IF NEW.version <> coalesce(last.account_version, 0) OR NEW.booked_minor <> coalesce(last.balance_after_minor, 0) THEN
        RAISE EXCEPTION 'account %: booked balance is not that of its last posting', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_booked_is_posted';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER postings_are_balanced ON postings;
DROP TRIGGER accounts_booked_on_insert ON accounts;
DROP TRIGGER accounts_booked_on_update ON accounts;
DROP FUNCTION check_new_postings();
DROP FUNCTION check_booked_balances();
CREATE TRIGGER postings_are_booked AFTER INSERT ON postings
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION book_new_postings();
-- What book_new_postings() does to an account needs no second look; whatever else touches a balance is compared with the postings.
CREATE TRIGGER accounts_booked_on_insert AFTER INSERT ON accounts FOR EACH ROW
    WHEN (NEW.version <> 0 OR NEW.booked_minor <> 0) EXECUTE FUNCTION check_booked_balance();
CREATE TRIGGER accounts_booked_on_update AFTER UPDATE OF booked_minor, version ON accounts FOR EACH ROW
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION check_booked_balance();

CREATE FUNCTION refuse_delta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'balance deltas come with postings, and by nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delta_is_posted';
END $$;
CREATE TRIGGER balance_deltas_are_posted AFTER INSERT OR UPDATE ON balance_deltas FOR EACH STATEMENT
    WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_delta();
