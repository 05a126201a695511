DROP TRIGGER postings_are_booked ON postings;
DROP TRIGGER accounts_booked_on_insert ON accounts;
DROP TRIGGER accounts_booked_on_update ON accounts;
DROP FUNCTION book_new_postings();
DROP TRIGGER balance_deltas_are_posted ON balance_deltas;
DROP FUNCTION refuse_delta();
DROP FUNCTION check_booked_balance();
