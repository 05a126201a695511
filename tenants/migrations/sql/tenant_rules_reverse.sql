DROP TRIGGER tenant_rules ON tenants;
DROP FUNCTION tenants.tenant_rules();
