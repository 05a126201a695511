DROP TRIGGER tenants_counted ON public.tenants;
DROP FUNCTION tenants.tenant_counted();
DROP TRIGGER tier_defaults_counted ON public.tier_defaults;
DROP FUNCTION tenants.tier_default_changed();
