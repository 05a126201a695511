-- The rules of holds look at the holds and accounts of the row's own tenant and schema, whatever the session was switched to meanwhile.
CREATE OR REPLACE FUNCTION hold_funds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    wanted bigint;
BEGIN
    IF current_schema() <> TG_TABLE_SCHEMA THEN
        IF EXISTS (SELECT FROM fresh) THEN
            RAISE EXCEPTION 'the tables beside % are not those the search path finds first', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
        END IF;
        RETURN NULL;
    END IF;
    UPDATE accounts a SET held_minor = a.held_minor + h.amount_minor
        FROM (SELECT tenant_id, account_id, currency, sum(amount_minor) AS amount_minor FROM fresh GROUP BY tenant_id, account_id, currency) h
        WHERE a.id = h.account_id AND a.tenant_id = h.tenant_id AND a.currency = h.currency AND NOT a.append_only;
    GET DIAGNOSTICS moved = ROW_COUNT;
    SELECT count(*) INTO wanted FROM (SELECT DISTINCT tenant_id, account_id, currency FROM fresh) h;
    IF moved <> wanted THEN
        RAISE EXCEPTION 'a hold does not fit its account' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_fits_account';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION free_funds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    wanted bigint;
BEGIN
    IF current_schema() <> TG_TABLE_SCHEMA THEN
        IF EXISTS (SELECT FROM fresh) THEN
            RAISE EXCEPTION 'the tables beside % are not those the search path finds first', TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
        END IF;
        RETURN NULL;
    END IF;
    -- Every row updated was active before (holds_resolve_once) and is not any more.
    UPDATE accounts a SET held_minor = a.held_minor - h.amount_minor
        FROM (SELECT tenant_id, account_id, sum(amount_minor) AS amount_minor FROM fresh GROUP BY tenant_id, account_id) h
        WHERE a.id = h.account_id AND a.tenant_id = h.tenant_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    SELECT count(*) INTO wanted FROM (SELECT DISTINCT tenant_id, account_id FROM fresh) h;
    IF moved <> wanted THEN
        RAISE EXCEPTION 'a hold does not fit its account' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_fits_account';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION check_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_schema() <> TG_TABLE_SCHEMA OR NEW.tenant_id IS DISTINCT FROM tenants.current_tenant() THEN
        RAISE EXCEPTION 'the rows beside this one of % are not those of its tenant and schema', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = 'own_schema_first';
    END IF;
    IF NEW.held_minor <> (SELECT coalesce(sum(h.amount_minor), 0) FROM holds h
            WHERE h.account_id = NEW.id AND h.tenant_id = NEW.tenant_id AND h.status = 'ACTIVE') THEN
        RAISE EXCEPTION 'account %: held is not the sum of its active holds', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_held_is_holds';
    END IF;
    RETURN NULL;
END $$;
