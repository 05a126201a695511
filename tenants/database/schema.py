"""The schema editor: every table with a `tenant_id` column is protected in the transaction that creates it.

Protected means: ENABLE and FORCE row-level security, policy `tenant_isolation_<table>`, a read-only policy for the
platform login, primary key (id, tenant_id), composite foreign keys, and a tenant_id that can't be empty. No model says
any of it; `tenants.queries.isolation_gaps` proves it from the catalogs.
"""

from typing import Any, Final

from django.conf import settings
from django.db.backends.postgresql.schema import DatabaseSchemaEditor

from tenants.database.fields import TenantForeignKey

_OWN_ROWS: Final = "tenant_id = tenants.current_tenant()"


class TenantSchemaEditor(DatabaseSchemaEditor):
    def create_model(self, model: Any) -> None:  # noqa: ANN401  # historical models have no static type
        super().create_model(model)
        if model._meta.db_table not in settings.TENANCY["REGISTRY_TABLES"] and any(  # noqa: SLF001
            field.column == "tenant_id"
            for field in model._meta.local_concrete_fields  # noqa: SLF001
        ):
            self._protect(model)

    def add_field(self, model: Any, field: Any) -> None:  # noqa: ANN401
        super().add_field(model, field)
        if field.column == "tenant_id" and model._meta.db_table not in settings.TENANCY["REGISTRY_TABLES"]:  # noqa: SLF001
            self._protect(model)
        else:
            self._composite_foreign_key(model, field)

    def _protect(self, model: Any) -> None:  # noqa: ANN401
        table = model._meta.db_table  # noqa: SLF001
        platform = settings.TENANCY["PLATFORM_ROLE"]
        if [field.column for field in model._meta.local_concrete_fields if field.primary_key] == ["id"]:  # noqa: SLF001
            # Django still sees pk = id; PostgreSQL can then partition, distribute and reference by tenant.
            self.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (id, tenant_id)')
        for statement in (
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_tenant_given" CHECK (tenant_id <> \'\')',
            f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
            f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            f'CREATE POLICY "tenant_isolation_{table}" ON "{table}" USING ({_OWN_ROWS}) WITH CHECK ({_OWN_ROWS})',
            f'CREATE POLICY "platform_read_{table}" ON "{table}" FOR SELECT TO "{platform}" USING (true)',
        ):
            self.execute(statement)
        for field in model._meta.local_concrete_fields:  # noqa: SLF001
            self._composite_foreign_key(model, field)

    def _composite_foreign_key(self, model: Any, field: Any) -> None:  # noqa: ANN401
        if not isinstance(field, TenantForeignKey):
            return
        table, target = model._meta.db_table, field.remote_field.model._meta.db_table  # noqa: SLF001
        name = self._create_index_name(table, [field.column], suffix="_tfk")  # type: ignore[attr-defined]  # private but stable
        self.deferred_sql.append(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (tenant_id, "{field.column}") '
            f'REFERENCES "{target}" (tenant_id, id) DEFERRABLE INITIALLY DEFERRED'
        )
