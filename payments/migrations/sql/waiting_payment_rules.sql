-- A payment that waits goes on only for a reason that is on record: an approval by another person, a hold for what is on its way.

CREATE FUNCTION check_waiting_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'PENDING_APPROVAL' AND NEW.status NOT IN ('PENDING_APPROVAL', 'REJECTED', 'CANCELLED') AND NOT EXISTS (
            SELECT FROM payment_approvals a WHERE a.payment_id = NEW.id AND a.tenant_id = NEW.tenant_id AND a.status = 'APPROVED') THEN
        RAISE EXCEPTION 'payment % was not approved', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_needs_approval';
    END IF;
    IF OLD.status IN ('RESERVED', 'SUBMITTED') AND NEW.status = 'COMPLETED' AND NOT EXISTS (
            SELECT FROM holds h WHERE h.payment_id = NEW.id AND h.tenant_id = NEW.tenant_id AND h.status = 'CAPTURED')
       OR OLD.status IN ('RESERVED', 'SUBMITTED') AND NEW.status IN ('FAILED', 'CANCELLED') AND EXISTS (
            SELECT FROM holds h WHERE h.payment_id = NEW.id AND h.tenant_id = NEW.tenant_id AND h.status <> 'RELEASED') THEN
        RAISE EXCEPTION 'the hold of payment % does not end as the payment does', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_ends_with_its_hold';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transactions_wait_for_a_reason BEFORE UPDATE OF status ON transactions FOR EACH ROW
    WHEN (OLD.status IN ('PENDING_APPROVAL', 'RESERVED', 'SUBMITTED') AND NEW.status <> OLD.status) EXECUTE FUNCTION check_waiting_payment();

-- refuse_change() came with the ledger's rules.
CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON payment_approvals FOR EACH ROW
    WHEN (OLD.status <> 'PENDING' OR NEW.status = 'PENDING'
        OR (NEW.id, NEW.tenant_id, NEW.payment_id, NEW.debit_minor, NEW.requested_by, NEW.requested_by_person, NEW.requested_at)
            IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.payment_id, OLD.debit_minor, OLD.requested_by, OLD.requested_by_person, OLD.requested_at))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_begin_pending BEFORE INSERT ON payment_approvals FOR EACH ROW WHEN (NEW.status <> 'PENDING') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER approvals_stay BEFORE DELETE OR TRUNCATE ON payment_approvals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attempts_answered_once BEFORE UPDATE ON rail_attempts FOR EACH ROW
    WHEN (OLD.status IN ('ACCEPTED', 'REJECTED', 'UNAVAILABLE')
        OR (NEW.id, NEW.tenant_id, NEW.payment_id, NEW.number, NEW.rail, NEW.sent_at)
            IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.payment_id, OLD.number, OLD.rail, OLD.sent_at))
    EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attempts_stay BEFORE DELETE OR TRUNCATE ON rail_attempts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE DELETE, TRUNCATE ON payment_approvals, rail_attempts FROM payment_engine_role;
