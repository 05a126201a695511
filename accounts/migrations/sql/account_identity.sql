-- Whose account it is, what it is for and how it is called are told on every statement of it, and never change.
DROP TRIGGER accounts_identity_fixed ON accounts;
CREATE TRIGGER accounts_identity_fixed
    AFTER UPDATE OF id, tenant_id, customer_id, currency, type, role, append_only, number, iban ON accounts FOR EACH ROW
    WHEN ((OLD.id, OLD.tenant_id, OLD.customer_id, OLD.currency, OLD.type, OLD.role, OLD.append_only, OLD.number, OLD.iban)
        IS DISTINCT FROM
        (NEW.id, NEW.tenant_id, NEW.customer_id, NEW.currency, NEW.type, NEW.role, NEW.append_only, NEW.number, NEW.iban))
    EXECUTE FUNCTION refuse_change();
