ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey, ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id, tenant_id);
ALTER TABLE outbox_events DROP CONSTRAINT outbox_events_pkey, ADD CONSTRAINT outbox_events_pkey PRIMARY KEY (id, tenant_id);
