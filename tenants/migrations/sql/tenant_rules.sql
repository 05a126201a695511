-- The life cycle of a tenant, whoever writes: PENDING_ACTIVATION → ACTIVE ⇄ SUSPENDED → DECOMMISSIONED. Its id and number
-- never change, nor where its rows live once it is active. The row counts its own changes; another tier is another configuration.
CREATE FUNCTION tenants.tenant_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'ACTIVE' AND NEW.requested IS NOT NULL THEN
        RAISE EXCEPTION 'a tenant that waits for its schema is not active'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_life_cycle';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ('PENDING_ACTIVATION', 'ACTIVE') THEN
            RAISE EXCEPTION 'a tenant begins pending or active, not %', NEW.status
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_life_cycle';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.slug <> OLD.slug OR NEW.reference <> OLD.reference THEN
        RAISE EXCEPTION 'the id and the number of a tenant never change'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_identity_fixed';
    END IF;
    IF NEW.placement_id <> OLD.placement_id AND OLD.status <> 'PENDING_ACTIVATION' THEN
        RAISE EXCEPTION 'the rows of a tenant that was activated stay where they are'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_placement_fixed';
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('PENDING_ACTIVATION', 'ACTIVE'), ('ACTIVE', 'SUSPENDED'), ('SUSPENDED', 'ACTIVE'), ('SUSPENDED', 'DECOMMISSIONED')
    ) THEN
        RAISE EXCEPTION 'a tenant that is % does not become %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'tenant_life_cycle';
    END IF;
    NEW.config_revision := GREATEST(NEW.config_revision, OLD.config_revision + (NEW.tier <> OLD.tier)::int);
    IF to_jsonb(NEW) - 'config_revision' - 'version' IS DISTINCT FROM to_jsonb(OLD) - 'config_revision' - 'version' THEN
        NEW.version := OLD.version + 1;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tenant_rules BEFORE INSERT OR UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION tenants.tenant_rules();
