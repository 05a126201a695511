-- An answer is looked for by its key. The outbox is read in the order of its ids within a tenant.
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key, tenant_id);
ALTER TABLE outbox_events DROP CONSTRAINT outbox_events_pkey, ADD CONSTRAINT outbox_events_pkey PRIMARY KEY (tenant_id, id);
