GRANT DELETE ON config_versions TO payment_engine_role;
DROP TRIGGER config_versions_counted ON config_versions;
DROP TRIGGER config_versions_kept ON config_versions;
DROP TRIGGER config_versions_immutable ON config_versions;
DROP FUNCTION refuse_rewriting_config();
