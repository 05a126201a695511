-- Run as the owner before any migration, in every database (test databases too). A second run changes nothing.
-- Default privileges come first: tables created afterwards, in whatever schema, are covered by them.
CREATE SCHEMA IF NOT EXISTS tenants;
CREATE OR REPLACE FUNCTION tenants.current_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('app.current_tenant', true);
CREATE SCHEMA IF NOT EXISTS payment_engine;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public, tenants, payment_engine TO payment_engine_role, payment_engine_platform;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO payment_engine_role;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO payment_engine_platform;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO payment_engine_role;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO payment_engine_role, payment_engine_platform;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.current_tenant() TO payment_engine_role, payment_engine_platform;
