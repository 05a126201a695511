-- Reversals move what is reversed of their payment, and nothing else does. Each has a journal of its own that gave the money back.

CREATE FUNCTION add_reversals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    offending uuid;
    missing bigint;
BEGIN
    -- Names are looked up by the caller's search_path: another schema's tables must not answer for these.
    IF current_schema() <> TG_TABLE_SCHEMA THEN
        IF EXISTS (SELECT FROM fresh) THEN
            RAISE EXCEPTION 'the tables beside % are not those the search path finds first', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
        END IF;
        RETURN NULL;
    END IF;
    SELECT f.id INTO offending FROM fresh f
        LEFT JOIN journals j ON j.id = f.journal_id AND j.tenant_id = f.tenant_id AND j.kind = 'REVERSAL' AND j.payment_id = f.payment_id
        WHERE j.id IS NULL OR f.amount_minor IS DISTINCT FROM (
            SELECT sum(p.amount_minor) FROM postings p
            WHERE p.journal_id = j.id AND p.tenant_id = j.tenant_id AND p.currency = f.currency AND p.amount_minor > 0) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'reversal % has no journal that gives its amount back', offending
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_is_posted';
    END IF;
    WITH sums AS (SELECT payment_id, tenant_id, currency, sum(amount_minor) AS amount_minor FROM fresh GROUP BY payment_id, tenant_id, currency),
    moved AS (
        UPDATE transactions t SET reversed_minor = t.reversed_minor + s.amount_minor,
            status = CASE WHEN t.reversed_minor + s.amount_minor = t.amount_minor THEN 'REVERSED' ELSE t.status END
        FROM sums s WHERE t.id = s.payment_id AND t.tenant_id = s.tenant_id AND t.currency = s.currency AND t.status = 'COMPLETED' RETURNING 1
    )
    SELECT (SELECT count(*) FROM sums) - (SELECT count(*) FROM moved) INTO missing;
    IF missing <> 0 THEN
        RAISE EXCEPTION 'only a completed payment is reversed, in its currency'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'reversal_fits_payment';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reversals_add_up AFTER INSERT ON reversals
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION add_reversals();

CREATE FUNCTION refuse_other_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is reversed of payment % moves with its reversals, and by nothing else', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_reversed_by_reversals';
END $$;
CREATE TRIGGER transactions_reversed_by_reversals AFTER UPDATE OF reversed_minor ON transactions FOR EACH ROW
    WHEN (pg_trigger_depth() = 0 AND NEW.reversed_minor <> OLD.reversed_minor) EXECUTE FUNCTION refuse_other_reversal();
