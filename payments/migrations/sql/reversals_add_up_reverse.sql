DROP TRIGGER transactions_reversed_by_reversals ON transactions;
DROP FUNCTION refuse_other_reversal();
DROP TRIGGER reversals_add_up ON reversals;
DROP FUNCTION add_reversals();
