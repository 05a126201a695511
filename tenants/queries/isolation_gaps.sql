-- Every way in which a table of this database could show one tenant's rows to another, from the catalogs alone.
-- Parameters: exempt text[] registry tables of schema public, registry text[] registry schemas, roles text[] logins that
-- must be harmless, platform the platform's login.
WITH RECURSIVE tables AS (
    SELECT c.oid, c.relnamespace, n.nspname AS schema, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relkind, c.relowner,
           (SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS tenant_column,
           (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS tenant_given
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), owned AS (
    SELECT * FROM tables WHERE tenant_column IS NOT NULL AND NOT (schema = 'public' AND name = ANY (%(exempt)s::text[]))
), isolation AS (
    SELECT t.oid, t.schema, t.name, p.polname, p.polpermissive, p.polcmd, p.polroles,
           pg_get_expr(p.polqual, p.polrelid) AS using_text, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
    FROM owned t JOIN pg_policy p ON p.polrelid = t.oid
), readers AS (  -- views over tenant tables, and views over those
    SELECT r.ev_class AS oid FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN owned o ON o.oid = d.refobjid WHERE r.ev_class <> o.oid
    UNION
    SELECT r.ev_class FROM pg_rewrite r JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN readers v ON v.oid = d.refobjid WHERE r.ev_class <> v.oid
), logins AS (
    SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY (%(roles)s::text[])
)
SELECT schema || '.' || name AS object, 'row-level security is not enabled' AS gap FROM owned WHERE NOT relrowsecurity
UNION ALL SELECT schema || '.' || name, 'row-level security is not forced on its owner' FROM owned WHERE NOT relforcerowsecurity
UNION ALL SELECT schema || '.' || name, 'tenant_id may be null' FROM owned WHERE NOT tenant_given
UNION ALL SELECT t.schema || '.' || t.name, 'policy tenant_isolation_' || t.name || ' is missing or not the one we make'
    FROM owned t WHERE NOT EXISTS (
        SELECT FROM isolation i WHERE i.oid = t.oid AND i.polname = 'tenant_isolation_' || t.name AND i.polpermissive AND i.polcmd = '*'
        AND i.polroles = '{0}' AND i.using_text = '(tenant_id = tenants.current_tenant())' AND i.check_text = i.using_text)
UNION ALL SELECT i.schema || '.' || i.name, 'permissive policy ' || i.polname || ' widens what is visible' FROM isolation i
    WHERE i.polpermissive AND i.polname <> 'tenant_isolation_' || i.name
    AND NOT (i.polname = 'platform_read_' || i.name AND i.polcmd = 'r'
             AND i.polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = %(platform)s::text)])
UNION ALL SELECT 'tenants.current_tenant()', 'is missing or not the function we make' WHERE EXISTS (SELECT FROM owned) AND NOT EXISTS (
    SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'tenants' AND p.proname = 'current_tenant' AND p.pronargs = 0 AND NOT p.prosecdef AND p.provolatile = 's'
    AND pg_get_function_sqlbody(p.oid) = 'RETURN current_setting(''app.current_tenant''::text, true)')
-- Key columns only: what INCLUDE adds to an index does not make it unique per tenant.
UNION ALL SELECT t.schema || '.' || t.name, 'unique index ' || x.indexrelid::regclass::text || ' does not name tenant_id'
    FROM owned t JOIN pg_index x ON x.indrelid = t.oid AND (x.indisunique OR x.indisexclusion)
    WHERE t.tenant_column <> ALL ((string_to_array(x.indkey::text, ' ')::int2[])[1:x.indnkeyatts])
UNION ALL SELECT t.schema || '.' || t.name, 'foreign key ' || c.conname || ' does not name tenant_id'
    FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' JOIN owned o ON o.oid = c.confrelid
    WHERE NOT EXISTS (SELECT FROM unnest(c.conkey, c.confkey) AS pair (here, there)
                      WHERE pair.here = t.tenant_column AND pair.there = o.tenant_column)
UNION ALL SELECT t.schema || '.' || t.name, 'foreign key ' || c.conname || ' leads into another schema'
    FROM owned t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' JOIN pg_class r ON r.oid = c.confrelid
    WHERE r.relnamespace <> t.relnamespace
UNION ALL SELECT t.schema || '.' || t.name, 'partition or child without a tenant_id policy of its own'
    FROM pg_inherits h JOIN owned o ON o.oid = h.inhparent JOIN tables t ON t.oid = h.inhrelid WHERE NOT t.relrowsecurity
UNION ALL SELECT t.schema || '.' || t.name, 'tenant table outside a placement has no tenant_id column' FROM tables t
    WHERE t.schema <> ALL (%(registry)s::text[]) AND t.name <> 'django_migrations' AND t.tenant_column IS NULL
UNION ALL SELECT n.nspname || '.' || c.relname,
    CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END || ' over a tenant table without security_invoker'
    FROM readers v JOIN pg_class c ON c.oid = v.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on'])
UNION ALL SELECT DISTINCT p.oid::regprocedure::text, 'SECURITY DEFINER function that ' || r.rolname || ' may execute'
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, logins r
    WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
UNION ALL SELECT rolname, 'login is a superuser or bypasses row-level security' FROM logins WHERE rolsuper OR rolbypassrls
UNION ALL SELECT r.rolname, 'login owns ' || t.schema || '.' || t.name FROM owned t JOIN logins r ON r.oid = t.relowner
UNION ALL SELECT a.rolname, 'login is a member of ' || r.rolname FROM logins a JOIN pg_auth_members m ON m.member = a.oid
    JOIN pg_roles r ON r.oid = m.roleid
-- TRUNCATE knows no policies; a trigger or a foreign key of one's own sees rows that a query does not.
UNION ALL SELECT t.schema || '.' || t.name, r.rolname || ' may truncate it, or add triggers or foreign keys' FROM owned t, logins r
    WHERE has_table_privilege(r.oid, t.oid, 'TRUNCATE, TRIGGER, REFERENCES')
UNION ALL SELECT DISTINCT t.schema, r.rolname || ' may create objects in this schema' FROM owned t, logins r
    WHERE has_schema_privilege(r.oid, t.relnamespace, 'CREATE')
UNION ALL SELECT n.nspname, r.rolname || ' may create objects in this schema' FROM pg_namespace n, logins r
    WHERE n.nspname !~ '^pg_' AND has_schema_privilege(r.oid, n.oid, 'CREATE') AND NOT EXISTS (SELECT FROM owned t WHERE t.relnamespace = n.oid)
UNION ALL SELECT 'database', r.rolname || ' may create schemas' FROM logins r WHERE has_database_privilege(r.oid, current_database(), 'CREATE')
UNION ALL SELECT 'temporary tables', r.rolname || ' may create them, and functions that run as their triggers' FROM logins r
    WHERE has_database_privilege(r.oid, current_database(), 'TEMPORARY')
UNION ALL SELECT t.schema || '.' || t.name, %(platform)s::text || ' may write' FROM owned t
    WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = %(platform)s::text)
    AND has_table_privilege(%(platform)s::text, t.oid, 'INSERT, UPDATE, DELETE')
ORDER BY 1, 2
