DROP TRIGGER attempts_stay ON rail_attempts;
DROP TRIGGER attempts_answered_once ON rail_attempts;
DROP TRIGGER approvals_stay ON payment_approvals;
DROP TRIGGER approvals_begin_pending ON payment_approvals;
DROP TRIGGER approvals_decided_once ON payment_approvals;
DROP TRIGGER transactions_wait_for_a_reason ON transactions;
DROP FUNCTION check_waiting_payment();
GRANT DELETE ON payment_approvals, rail_attempts TO payment_engine_role;
