DROP TRIGGER tenant_changes_immutable ON tenant_changes;
DROP FUNCTION refuse_rewriting_tenant_changes();
