-- held = Σ active holds: the account's held_minor moves with its holds, and by nothing else. Functions run with the caller's
-- search_path and tenant, so row-level security applies inside them too; the caller holds the accounts' locks.

CREATE FUNCTION hold_funds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    wanted bigint;
BEGIN
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
CREATE TRIGGER holds_set_aside AFTER INSERT ON holds REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION hold_funds();

CREATE FUNCTION free_funds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Every row updated was active before (holds_resolve_once) and is not any more.
    UPDATE accounts a SET held_minor = a.held_minor - h.amount_minor
        FROM (SELECT tenant_id, account_id, sum(amount_minor) AS amount_minor FROM fresh GROUP BY tenant_id, account_id) h
        WHERE a.id = h.account_id AND a.tenant_id = h.tenant_id;
    RETURN NULL;
END $$;
CREATE TRIGGER holds_set_free AFTER UPDATE ON holds REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION free_funds();

-- refuse_change() came with the ledger's rules.
CREATE TRIGGER holds_begin_active BEFORE INSERT ON holds FOR EACH ROW WHEN (NEW.status <> 'ACTIVE') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holds_resolve_once BEFORE UPDATE ON holds FOR EACH ROW
    WHEN (OLD.status <> 'ACTIVE' OR NEW.status = 'ACTIVE'
        OR (NEW.id, NEW.tenant_id, NEW.account_id, NEW.payment_id, NEW.amount_minor, NEW.currency, NEW.created_at)
            IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.account_id, OLD.payment_id, OLD.amount_minor, OLD.currency, OLD.created_at))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holds_stay BEFORE DELETE OR TRUNCATE ON holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON holds FROM payment_engine_role;

CREATE FUNCTION check_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.held_minor <> (SELECT coalesce(sum(h.amount_minor), 0) FROM holds h
            WHERE h.account_id = NEW.id AND h.tenant_id = NEW.tenant_id AND h.status = 'ACTIVE') THEN
        RAISE EXCEPTION 'account %: held is not the sum of its active holds', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'account_held_is_holds';
    END IF;
    RETURN NULL;
END $$;
-- Payments that are booked at once don't name the column, and pay nothing for this.
CREATE TRIGGER accounts_held_is_holds AFTER UPDATE OF held_minor ON accounts FOR EACH ROW
    WHEN (NEW.held_minor <> OLD.held_minor) EXECUTE FUNCTION check_held();
CREATE TRIGGER accounts_begin_unheld AFTER INSERT ON accounts FOR EACH ROW WHEN (NEW.held_minor <> 0) EXECUTE FUNCTION check_held();
