-- A tier's default is configuration of each of its tenants.
CREATE FUNCTION tenants.tier_default_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.tenants SET config_revision = config_revision + 1
        WHERE tier IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.tier END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.tier END);
    RETURN NULL;
END $$;
CREATE TRIGGER tier_defaults_counted AFTER INSERT OR UPDATE OR DELETE ON public.tier_defaults
    FOR EACH ROW EXECUTE FUNCTION tenants.tier_default_changed();

-- Settings fall back to what is known of the tenant, and the bell tells its status: a change of those is a change of configuration.
CREATE FUNCTION tenants.tenant_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.config_revision := greatest(NEW.config_revision, OLD.config_revision + 1);
    RETURN NEW;
END $$;
CREATE TRIGGER tenants_counted BEFORE UPDATE ON public.tenants FOR EACH ROW
    WHEN (ROW(OLD.status, OLD.time_zone, OLD.currency) IS DISTINCT FROM ROW(NEW.status, NEW.time_zone, NEW.currency))
    EXECUTE FUNCTION tenants.tenant_counted();
