-- What check_payment_change() does not look at: whatever else was asked of a payment stays, too, and when it was completed.
CREATE FUNCTION refuse_other_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was asked of payment % does not change', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_request_immutable';
END $$;
CREATE TRIGGER transactions_keep_their_request BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (OLD.completed_at IS NOT NULL AND NEW.completed_at IS DISTINCT FROM OLD.completed_at
        OR (NEW.payment_type, NEW.payment_type_version, NEW.config_version, NEW.creditor_account_id, NEW.creditor_iban,
            NEW.reference, NEW.end_to_end_id, NEW.remittance_information, NEW.requested_execution_date, NEW.value_date,
            NEW.metadata, NEW.message_id, NEW.correlation_id, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM
            (OLD.payment_type, OLD.payment_type_version, OLD.config_version, OLD.creditor_account_id, OLD.creditor_iban,
            OLD.reference, OLD.end_to_end_id, OLD.remittance_information, OLD.requested_execution_date, OLD.value_date,
            OLD.metadata, OLD.message_id, OLD.correlation_id, OLD.created_by, OLD.created_at))
    EXECUTE FUNCTION refuse_other_request();
