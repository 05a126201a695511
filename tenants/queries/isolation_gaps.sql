-- Every way in which a table of this database could show one tenant's rows to another, from the catalogs alone.
-- Parameters: %(exempt)s text[] registry tables of schema public, %(roles)s text[] logins that must be harmless,
-- %(app)s the application's login, %(platform)s the platform's login, %(registry)s text[] registry schemas.
WITH tables AS (
    SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relrowsecurity, c.relforcerowsecurity, c.relkind, c.relowner,
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS has_tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), owned AS (
    SELECT * FROM tables WHERE has_tenant AND NOT (schema = 'public' AND name = ANY (%(exempt)s::text[]))
), isolation AS (
    SELECT t.oid, t.schema, t.name, p.polname, p.polpermissive, p.polcmd, p.polroles,
           pg_get_expr(p.polqual, p.polrelid) AS using_text, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
    FROM owned t JOIN pg_policy p ON p.polrelid = t.oid
)
SELECT schema || '.' || name AS object, 'row-level security is not enabled' AS gap FROM owned WHERE NOT relrowsecurity
UNION ALL SELECT schema || '.' || name, 'row-level security is not forced on its owner' FROM owned WHERE NOT relforcerowsecurity
UNION ALL SELECT t.schema || '.' || t.name, 'policy tenant_isolation_' || t.name || ' is missing or not the one we make'
    FROM owned t WHERE NOT EXISTS (
        SELECT FROM isolation i WHERE i.oid = t.oid AND i.polname = 'tenant_isolation_' || t.name AND i.polpermissive AND i.polcmd = '*'
        AND i.polroles = '{0}' AND i.using_text = '(tenant_id = tenants.current_tenant())' AND i.check_text = i.using_text)
UNION ALL SELECT i.schema || '.' || i.name, 'permissive policy ' || i.polname || ' widens what is visible' FROM isolation i
    WHERE i.polpermissive AND i.polname <> 'tenant_isolation_' || i.name
    AND NOT (i.polname = 'platform_read_' || i.name AND i.polcmd = 'r'
             AND i.polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = %(platform)s::text)])
UNION ALL SELECT t.schema || '.' || t.name, 'unique index ' || x.indexrelid::regclass::text || ' does not name tenant_id'
    FROM owned t JOIN pg_index x ON x.indrelid = t.oid AND x.indisunique
    WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnotnull
                      AND a.attnum = ANY (string_to_array(x.indkey::text, ' ')::int2[]))
UNION ALL SELECT t.schema || '.' || t.name, 'foreign key ' || c.conname || ' does not name tenant_id'
    FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' JOIN owned o ON o.oid = c.confrelid
    WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnum = ANY (c.conkey))
UNION ALL SELECT t.schema || '.' || t.name, 'partition or child without a tenant_id policy of its own'
    FROM pg_inherits h JOIN owned o ON o.oid = h.inhparent JOIN tables t ON t.oid = h.inhrelid WHERE NOT t.relrowsecurity
UNION ALL SELECT n.nspname || '.' || c.relname, 'tenant table outside a placement has no tenant_id column'
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname <> ALL (%(registry)s::text[]) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.relname <> 'django_migrations'
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
UNION ALL SELECT DISTINCT v.schema || '.' || v.name, v.kind || ' over a tenant table without security_invoker' FROM (
    SELECT n.nspname AS schema, c.relname AS name, CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_rewrite r ON r.ev_class = c.oid JOIN pg_depend d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN owned o ON o.oid = d.refobjid
    WHERE c.relkind = 'm' OR (c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on'])) v
UNION ALL SELECT p.oid::regprocedure::text, 'SECURITY DEFINER function that ' || r.rolname || ' may execute'
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, pg_roles r
    WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND r.rolname = ANY (%(roles)s::text[])
    AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
UNION ALL SELECT rolname, 'login is a superuser or bypasses row-level security' FROM pg_roles
    WHERE rolname = ANY (%(roles)s::text[]) AND (rolsuper OR rolbypassrls)
UNION ALL SELECT r.rolname, 'login owns ' || t.schema || '.' || t.name FROM owned t JOIN pg_roles r ON r.oid = t.relowner
    WHERE r.rolname = ANY (%(roles)s::text[])
UNION ALL SELECT %(app)s::text, 'login is a member of ' || r.rolname FROM pg_roles a JOIN pg_auth_members m ON m.member = a.oid
    JOIN pg_roles r ON r.oid = m.roleid WHERE a.rolname = %(app)s::text
UNION ALL SELECT t.schema || '.' || t.name, %(platform)s::text || ' may write' FROM owned t
    WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = %(platform)s::text)
    AND has_table_privilege(%(platform)s::text, t.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
ORDER BY 1, 2
