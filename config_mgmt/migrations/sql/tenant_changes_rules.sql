-- What happened to a tenant is history: rows are added, never rewritten.
CREATE FUNCTION refuse_rewriting_tenant_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a tenant is never rewritten'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_changes_immutable';
END $$;

CREATE TRIGGER tenant_changes_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON tenant_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_tenant_changes();

REVOKE UPDATE, DELETE, TRUNCATE ON tenant_changes FROM payment_engine_role;
