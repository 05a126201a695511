DROP TRIGGER transactions_keep_their_request ON transactions;
DROP FUNCTION refuse_other_request();
