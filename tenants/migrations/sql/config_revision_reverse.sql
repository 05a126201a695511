DROP FUNCTION tenants.config_changed();
