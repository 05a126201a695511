DROP TRIGGER accounts_are_sound_on_insert ON accounts;
DROP TRIGGER accounts_are_sound_on_update ON accounts;
DROP FUNCTION check_account();
DROP TRIGGER accounts_identity_fixed ON accounts;
DROP TRIGGER accounts_stay_closed ON accounts;
CREATE TRIGGER accounts_identity_fixed BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency OR OLD.append_only <> NEW.append_only OR OLD.tenant_id <> NEW.tenant_id OR OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_stay_closed BEFORE UPDATE ON accounts FOR EACH ROW
    WHEN (OLD.status = 'CLOSED' AND (NEW.status <> 'CLOSED' OR (NEW.version <> OLD.version AND NOT OLD.append_only))) EXECUTE FUNCTION refuse_change();
