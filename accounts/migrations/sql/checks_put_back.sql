-- The triggers of the functions in cheaper_checks.sql.
CREATE TRIGGER postings_are_balanced AFTER INSERT ON postings
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_new_postings();
CREATE TRIGGER accounts_booked_on_insert AFTER INSERT ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();
CREATE TRIGGER accounts_booked_on_update AFTER UPDATE ON accounts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_booked_balances();
