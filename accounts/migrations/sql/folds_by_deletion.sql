-- Deltas move the balance they wait for: deleting them folds them, and nothing else moves the balance of an append-only account.
-- So booked + Σ deltas = Σ postings holds by construction.
CREATE FUNCTION fold_deltas() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unfolded bigint;
BEGIN
    -- Names are looked up by the caller's search_path: another schema's tables must not answer for these.
    IF current_schema() <> TG_TABLE_SCHEMA THEN
        IF EXISTS (SELECT FROM gone) THEN
            RAISE EXCEPTION 'the tables beside % are not those the search path finds first', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
        END IF;
        RETURN NULL;
    END IF;
    WITH sums AS (SELECT account_id, tenant_id, sum(amount_minor) AS amount_minor FROM gone GROUP BY account_id, tenant_id),
    moved AS (
        UPDATE accounts a SET booked_minor = a.booked_minor + s.amount_minor FROM sums s
        WHERE a.id = s.account_id AND a.tenant_id = s.tenant_id AND a.append_only RETURNING 1
    )
    SELECT (SELECT count(*) FROM sums) - (SELECT count(*) FROM moved) INTO unfolded;
    IF unfolded <> 0 THEN
        RAISE EXCEPTION 'the account of a balance delta is away' USING ERRCODE = 'check_violation', CONSTRAINT = 'delta_is_folded';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balance_deltas_are_folded AFTER DELETE ON balance_deltas
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION fold_deltas();

CREATE OR REPLACE FUNCTION check_booked_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
    is_posted boolean;
BEGIN
    IF current_schema() <> TG_TABLE_SCHEMA OR NEW.tenant_id IS DISTINCT FROM tenants.current_tenant() THEN
        RAISE EXCEPTION 'the rows beside this one of % are not those of its tenant and schema', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
    END IF;
    IF NEW.append_only THEN
        is_posted := TG_OP = 'UPDATE' AND NEW.booked_minor = OLD.booked_minor AND NEW.version = OLD.version;
    ELSE
        SELECT p.account_version, p.balance_after_minor INTO last FROM postings p
            WHERE p.account_id = NEW.id AND p.tenant_id = NEW.tenant_id AND p.account_version IS NOT NULL ORDER BY p.account_version DESC LIMIT 1;
        is_posted := NEW.version = coalesce(last.account_version, 0) AND NEW.booked_minor = coalesce(last.balance_after_minor, 0);
    END IF;
    IF NOT is_posted THEN
        RAISE EXCEPTION 'account %: booked balance is not that of its postings', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_booked_is_posted';
    END IF;
    RETURN NULL;
END $$;
