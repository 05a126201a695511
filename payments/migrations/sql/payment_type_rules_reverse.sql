DROP TRIGGER payment_types_follow_life_cycle ON payment_types;
DROP TRIGGER payment_types_kept ON payment_types;
DROP TRIGGER payment_types_stay ON payment_types;
DROP FUNCTION check_payment_type_change();
