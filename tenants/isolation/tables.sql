-- Tables with a tenant_id in the schemas given (text[]): columns that can be written, unique indexes that name tenant_id
-- in their key, and foreign keys with the column that refers besides tenant_id.
SELECT n.nspname, c.relname,
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum),
    ARRAY(SELECT i.relname::text FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisunique
          AND t.attnum = ANY ((string_to_array(x.indkey::text, ' ')::int2[])[1:x.indnkeyatts])),
    (SELECT coalesce(jsonb_agg(jsonb_build_object('constraint', f.conname, 'column', a.attname,
                                                  'referenced_table', rn.nspname || '.' || r.relname) ORDER BY f.conname), '[]')::text
     FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (f.conkey) AND a.attname <> 'tenant_id'
     JOIN pg_class r ON r.oid = f.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
     WHERE f.conrelid = c.oid AND f.contype = 'f')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (%s)
ORDER BY n.nspname, c.relname
