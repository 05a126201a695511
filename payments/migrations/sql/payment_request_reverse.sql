CREATE OR REPLACE FUNCTION check_payment_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed text[] := CASE OLD.status
        WHEN 'RECEIVED' THEN '{VALIDATED,REJECTED,COMPLETED}'
        WHEN 'VALIDATED' THEN '{PENDING_APPROVAL,SCHEDULED,RESERVED,SUBMITTED,COMPLETED,REJECTED,CANCELLED}'
        WHEN 'PENDING_APPROVAL' THEN '{SCHEDULED,RESERVED,SUBMITTED,COMPLETED,REJECTED,CANCELLED}'
        WHEN 'SCHEDULED' THEN '{RESERVED,SUBMITTED,COMPLETED,REJECTED,CANCELLED}'
        WHEN 'RESERVED' THEN '{SUBMITTED,COMPLETED,FAILED,CANCELLED}'
        WHEN 'SUBMITTED' THEN '{COMPLETED,FAILED}'
        WHEN 'COMPLETED' THEN '{RETURNED,REVERSED}'
        ELSE '{}' END;
BEGIN
    IF NEW.status <> OLD.status AND NOT NEW.status = ANY (allowed) THEN
        RAISE EXCEPTION 'a payment that is % can not become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_state_follows_life_cycle';
    END IF;
    IF (NEW.id, NEW.tenant_id, NEW.amount_minor, NEW.currency, NEW.debtor_account_id, NEW.uetr, NEW.fee_minor)
       IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.amount_minor, OLD.currency, OLD.debtor_account_id, OLD.uetr, OLD.fee_minor)
       OR NEW.idempotency_key IS DISTINCT FROM OLD.idempotency_key
       OR (OLD.journal_id IS NOT NULL AND NEW.journal_id IS DISTINCT FROM OLD.journal_id)
       OR NEW.reversed_minor < OLD.reversed_minor THEN
        RAISE EXCEPTION 'what was asked of payment % does not change', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_request_immutable';
    END IF;
    RETURN NEW;
END $$;
