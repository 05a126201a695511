-- Fired by every table that is configuration: whoever writes, each process learns within a second that its snapshot is old.
-- Once per transaction and tenant: an import of thousands of keys would else pile up as many versions of one row.
CREATE OR REPLACE FUNCTION tenants.config_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    change text := tenants.current_tenant() || ' ' || pg_current_xact_id();
BEGIN
    IF change <> coalesce(current_setting('app.config_change_counted', true), '') THEN
        UPDATE public.tenants SET config_revision = config_revision + 1 WHERE slug = tenants.current_tenant();
        PERFORM set_config('app.config_change_counted', change, true);
    END IF;
    RETURN NULL;
END $$;
