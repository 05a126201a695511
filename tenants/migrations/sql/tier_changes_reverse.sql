DROP TRIGGER tier_changes_immutable ON public.tier_changes;
DROP FUNCTION tenants.refuse_rewriting_tier_changes();
