-- Versions are history: what was asked, by whom and with which value never changes; only its fate is added.
CREATE FUNCTION refuse_rewriting_config() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of configuration is never rewritten'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'config_versions_immutable';
END $$;

CREATE TRIGGER config_versions_immutable BEFORE UPDATE ON config_versions FOR EACH ROW
    WHEN (ROW(OLD.id, OLD.tenant_id, OLD.kind, OLD.key, OLD.environment, OLD.version, OLD.value, OLD.reason, OLD.rollback_of,
              OLD.changed_by, OLD.changed_by_person, OLD.correlation_id, OLD.created_at)
          IS DISTINCT FROM
          ROW(NEW.id, NEW.tenant_id, NEW.kind, NEW.key, NEW.environment, NEW.version, NEW.value, NEW.reason, NEW.rollback_of,
              NEW.changed_by, NEW.changed_by_person, NEW.correlation_id, NEW.created_at)
          OR (OLD.status IN ('SUPERSEDED', 'REJECTED') AND NEW.status <> OLD.status))
    EXECUTE FUNCTION refuse_rewriting_config();
CREATE TRIGGER config_versions_kept BEFORE DELETE OR TRUNCATE ON config_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_config();
CREATE TRIGGER config_versions_counted AFTER INSERT OR UPDATE ON config_versions FOR EACH STATEMENT EXECUTE FUNCTION tenants.config_changed();

REVOKE DELETE, TRUNCATE ON config_versions FROM payment_engine_role;
