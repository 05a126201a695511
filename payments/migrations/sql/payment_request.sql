-- Whatever was asked of a payment stays as it was asked, parties, references, dates and author too.
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
    IF (NEW.id, NEW.tenant_id, NEW.payment_type, NEW.payment_type_version, NEW.config_version, NEW.debtor_account_id,
         NEW.creditor_account_id, NEW.creditor_iban, NEW.amount_minor, NEW.currency, NEW.fee_minor, NEW.reference, NEW.end_to_end_id,
         NEW.uetr, NEW.remittance_information, NEW.requested_execution_date, NEW.value_date, NEW.metadata, NEW.idempotency_key,
         NEW.message_id, NEW.correlation_id, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.payment_type, OLD.payment_type_version, OLD.config_version, OLD.debtor_account_id,
         OLD.creditor_account_id, OLD.creditor_iban, OLD.amount_minor, OLD.currency, OLD.fee_minor, OLD.reference, OLD.end_to_end_id,
         OLD.uetr, OLD.remittance_information, OLD.requested_execution_date, OLD.value_date, OLD.metadata, OLD.idempotency_key,
         OLD.message_id, OLD.correlation_id, OLD.created_by, OLD.created_at)
       OR (OLD.journal_id IS NOT NULL AND NEW.journal_id IS DISTINCT FROM OLD.journal_id)
       OR (OLD.completed_at IS NOT NULL AND NEW.completed_at IS DISTINCT FROM OLD.completed_at)
       OR NEW.reversed_minor < OLD.reversed_minor THEN
        RAISE EXCEPTION 'what was asked of payment % does not change', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_request_immutable';
    END IF;
    RETURN NEW;
END $$;
