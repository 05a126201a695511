-- A version that was ever in force is history: its terms never change, only its end is added. Drafts can be edited.
CREATE FUNCTION check_payment_type_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ending text[] := '{status,retired_at,retired_by,retire_reason}';
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status <> 'DRAFT' AND
       ((OLD.status, NEW.status) NOT IN (('ACTIVE', 'ACTIVE'), ('ACTIVE', 'RETIRED'), ('RETIRED', 'RETIRED'))
        OR to_jsonb(NEW) - ending IS DISTINCT FROM to_jsonb(OLD) - ending
        OR (OLD.status = NEW.status AND to_jsonb(NEW) IS DISTINCT FROM to_jsonb(OLD))) THEN
        RAISE EXCEPTION 'version % of payment type % was in force: it is never rewritten', OLD.version, OLD.code
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payment_types_immutable';
    END IF;
    IF NEW.status = 'ACTIVE' AND NEW.activated_at IS NULL THEN
        NEW.activated_at := clock_timestamp();
    ELSIF NEW.status = 'RETIRED' AND NEW.retired_at IS NULL THEN
        NEW.retired_at := clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payment_types_follow_life_cycle BEFORE INSERT OR UPDATE ON payment_types FOR EACH ROW EXECUTE FUNCTION check_payment_type_change();

-- refuse_change() came with the ledger's rules.
CREATE TRIGGER payment_types_kept BEFORE DELETE ON payment_types FOR EACH ROW WHEN (OLD.status <> 'DRAFT') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payment_types_stay BEFORE TRUNCATE ON payment_types FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE TRUNCATE ON payment_types FROM payment_engine_role;
