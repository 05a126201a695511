DROP TRIGGER balance_deltas_are_folded ON balance_deltas;
DROP FUNCTION fold_deltas();
CREATE OR REPLACE FUNCTION check_booked_balance() RETURNS trigger LANGUAGE plpgsql AS $$
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
