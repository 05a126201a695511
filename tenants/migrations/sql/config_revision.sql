-- Fired by every table that is configuration: whoever writes, each process learns within a second that its snapshot is old.
CREATE OR REPLACE FUNCTION tenants.config_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.tenants SET config_revision = config_revision + 1 WHERE slug = tenants.current_tenant();
    RETURN NULL;
END $$;
