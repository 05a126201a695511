-- Who pays and who is paid, as the message named them, is part of what was asked.
CREATE TRIGGER transactions_keep_their_parties BEFORE UPDATE ON transactions FOR EACH ROW
    WHEN (NEW.parties IS DISTINCT FROM OLD.parties) EXECUTE FUNCTION refuse_other_request();
