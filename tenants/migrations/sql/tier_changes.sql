-- What the platform gave a tier, and when, is history: rows are added, never rewritten.
CREATE FUNCTION tenants.refuse_rewriting_tier_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a tier is never rewritten'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tier_changes_immutable';
END $$;

CREATE TRIGGER tier_changes_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON public.tier_changes
    FOR EACH STATEMENT EXECUTE FUNCTION tenants.refuse_rewriting_tier_changes();

REVOKE UPDATE, DELETE, TRUNCATE ON public.tier_changes FROM payment_engine_role;
