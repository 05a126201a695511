-- An approval may come days later, and the value date with it: never an earlier one, and at no other time.
DROP TRIGGER transactions_keep_their_request ON transactions;
CREATE TRIGGER transactions_keep_their_request BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (OLD.completed_at IS NOT NULL AND NEW.completed_at IS DISTINCT FROM OLD.completed_at
        OR NEW.value_date <> OLD.value_date
            AND NOT (OLD.status = 'PENDING_APPROVAL' AND NEW.status = 'RESERVED' AND NEW.value_date > OLD.value_date)
        OR (NEW.payment_type, NEW.payment_type_version, NEW.config_version, NEW.creditor_account_id, NEW.creditor_iban,
            NEW.reference, NEW.end_to_end_id, NEW.remittance_information, NEW.requested_execution_date,
            NEW.metadata, NEW.message_id, NEW.correlation_id, NEW.created_by, NEW.created_at)
        IS DISTINCT FROM
            (OLD.payment_type, OLD.payment_type_version, OLD.config_version, OLD.creditor_account_id, OLD.creditor_iban,
            OLD.reference, OLD.end_to_end_id, OLD.remittance_information, OLD.requested_execution_date,
            OLD.metadata, OLD.message_id, OLD.correlation_id, OLD.created_by, OLD.created_at))
    EXECUTE FUNCTION refuse_other_request();
