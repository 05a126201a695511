-- Rules that a posting can't break are asked when a column they speak of is written, not with every posting: PostgreSQL reads the
-- text of each check constraint and of each trigger's condition again for every statement, which was a sixth of its work for a
-- payment on its own. What a posting can break stays a check constraint: available and held are not negative.

CREATE FUNCTION check_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken text := CASE
        WHEN NEW.status NOT IN ('OPEN', 'FROZEN', 'CLOSED') THEN 'account_status_known'
        WHEN NEW.currency !~ '^[A-Z]{3}$' THEN 'account_currency_well_formed'
        WHEN NEW.overdraft_limit_minor < 0 THEN 'account_overdraft_not_negative'
        WHEN NEW.role = 'CUSTOMER' AND (NEW.append_only OR NEW.customer_id IS NULL) THEN 'account_customer_has_owner'
        WHEN NEW.status = 'CLOSED' AND NOT NEW.append_only AND (NEW.booked_minor <> 0 OR NEW.held_minor <> 0) THEN 'account_closed_is_empty'
        END;
BEGIN
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'account % breaks the rule %', NEW.id, broken USING ERRCODE = 'check_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER accounts_are_sound_on_insert AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION check_account();
CREATE TRIGGER accounts_are_sound_on_update AFTER UPDATE OF status, currency, role, append_only, customer_id, overdraft_limit_minor, held_minor
    ON accounts FOR EACH ROW EXECUTE FUNCTION check_account();

-- AFTER, as a BEFORE trigger of a row makes PostgreSQL lock it once more in every UPDATE. book_new_postings() finds no open account
-- to post to where one is closed.
DROP TRIGGER accounts_identity_fixed ON accounts;
DROP TRIGGER accounts_stay_closed ON accounts;
CREATE TRIGGER accounts_identity_fixed AFTER UPDATE OF id, tenant_id, currency, append_only ON accounts FOR EACH ROW
    WHEN (OLD.currency <> NEW.currency OR OLD.append_only <> NEW.append_only OR OLD.tenant_id <> NEW.tenant_id OR OLD.id <> NEW.id)
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_stay_closed AFTER UPDATE OF status ON accounts FOR EACH ROW
    WHEN (OLD.status = 'CLOSED' AND NEW.status <> 'CLOSED') EXECUTE FUNCTION refuse_change();
