from django.apps import AppConfig


class SweeperConfig(AppConfig):
    name = "payment_engine.sweeper"
    label = "sweeper"

    def ready(self) -> None:
        import payment_engine.celery  # noqa: F401  # whoever rings for a worker does so through the configured application
        from payment_engine.observability.health import register_readiness_check
        from payment_engine.redis import redis_client
        from payment_engine.sweeper.readiness import database_answers, schema_is_current, tenants_are_isolated

        register_readiness_check("database", database_answers)
        register_readiness_check("migrations", schema_is_current)
        register_readiness_check("isolation", tenants_are_isolated)
        register_readiness_check("cache", lambda: redis_client().ping(), required=False)
