-- The rules of the ledger, held by PostgreSQL whoever writes. Functions run with the caller's search_path and tenant, so
-- row-level security applies inside them too. Nested loops only: the plan is cached per connection, and one made for a
-- large batch must not scan the accounts table for a small one.

CREATE FUNCTION check_new_postings() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    offending uuid;
BEGIN
    -- Postings of a journal sum to zero per currency.
    SELECT f.journal_id INTO offending FROM fresh f
        GROUP BY f.journal_id, f.currency HAVING sum(f.amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not sum to zero', offending USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_balances';
    END IF;
    -- A journal comes with all its postings in one statement. None can be added later: its lines are 0 to count − 1, each once.
    SELECT f.journal_id INTO offending
        FROM (
            SELECT tenant_id, journal_id, count(*) AS postings, min(line) AS first, max(line) AS last
            FROM fresh GROUP BY tenant_id, journal_id
        ) f
        LEFT JOIN journals j ON j.id = f.journal_id AND j.tenant_id = f.tenant_id
        WHERE j.posting_count IS DISTINCT FROM f.postings OR f.first <> 0 OR f.last <> f.postings - 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % is not complete', offending USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_complete';
    END IF;
    -- Each posting is on an account of the tenant, in its currency, and continues the account's chain of balances: the first
    -- of the statement follows the account's row, which carries its last posting's balance, the others follow one another.
    SELECT f.id INTO offending
        FROM (
            SELECT id, tenant_id, account_id, currency, amount_minor, account_version, balance_after_minor,
                row_number() OVER chain = 1 AS is_first, lag(currency) OVER chain AS previous_currency,
                lag(account_version) OVER chain AS previous_version, lag(balance_after_minor) OVER chain AS previous_balance_minor
            FROM fresh WINDOW chain AS (PARTITION BY tenant_id, account_id ORDER BY account_version)
        ) f
        LEFT JOIN accounts a ON f.is_first AND a.id = f.account_id AND a.tenant_id = f.tenant_id
        WHERE CASE WHEN f.is_first THEN
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

CREATE TRIGGER postings_are_balanced AFTER INSERT ON postings
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_new_postings();

-- No sorting: the last posting must come from the index on version; the one on id would read the account's whole history.
CREATE FUNCTION check_booked_balances() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off AS $$
DECLARE
    offending uuid;
BEGIN
    SELECT f.id INTO offending FROM fresh f
        LEFT JOIN LATERAL (
            SELECT p.account_version, p.balance_after_minor FROM postings p
            WHERE p.tenant_id = f.tenant_id AND p.account_id = f.id AND p.account_version >= f.version
            ORDER BY p.account_version DESC LIMIT 1
        ) p ON true
        WHERE NOT f.append_only AND (coalesce(p.account_version, 0) <> f.version OR coalesce(p.balance_after_minor, 0) <> f.booked_minor)
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account %: booked balance is not that of its last posting', offending
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_booked_is_posted';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_booked_on_insert AFTER INSERT ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();
CREATE TRIGGER accounts_booked_on_update AFTER UPDATE ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, lower(TG_OP)
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';
END $$;

CREATE TRIGGER postings_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON postings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER journals_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON journals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_identity_fixed BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency OR OLD.append_only <> NEW.append_only OR OLD.tenant_id <> NEW.tenant_id OR OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_stay_closed BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.status = 'CLOSED' AND (NEW.status <> 'CLOSED' OR (NEW.version <> OLD.version AND NOT OLD.append_only))) EXECUTE FUNCTION refuse_change();

REVOKE UPDATE, DELETE, TRUNCATE ON postings, journals FROM payment_engine_role;
REVOKE DELETE, TRUNCATE ON accounts, customers FROM payment_engine_role;

-- Account rows are updated in place all day: room on the page keeps those updates out of the indexes (HOT).
ALTER TABLE accounts SET (fillfactor = 60);
ALTER TABLE balance_deltas SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
