DROP TRIGGER transactions_follow_life_cycle ON transactions;
DROP TRIGGER transactions_stay ON transactions;
DROP TRIGGER reversals_immutable ON reversals;
DROP FUNCTION check_payment_change();
GRANT DELETE ON transactions TO payment_engine_role;
GRANT UPDATE, DELETE ON reversals TO payment_engine_role;
DROP INDEX idx_transactions_tenant_created_at;
