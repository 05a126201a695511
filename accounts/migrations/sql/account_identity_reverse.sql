DROP TRIGGER accounts_identity_fixed ON accounts;
CREATE TRIGGER accounts_identity_fixed AFTER UPDATE OF id, tenant_id, currency, append_only ON accounts FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency OR OLD.append_only <> NEW.append_only OR OLD.tenant_id <> NEW.tenant_id OR OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_change();
