from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import payment_engine.ids
import tenants.context

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("config_mgmt", "0002_version_rules")]
    operations = [
        migrations.CreateModel(
            name="TenantChange",
            fields=[
                ("id", models.UUIDField(default=payment_engine.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.TextField(default=tenants.context.current_tenant_id, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("CREATED", "Created"),
                            ("CHANGED", "Changed"),
                            ("ACTIVATED", "Activated"),
                            ("SUSPENDED", "Suspended"),
                            ("RESUMED", "Resumed"),
                            ("DECOMMISSIONED", "Decommissioned"),
                        ],
                        max_length=16,
                    ),
                ),
                ("from_status", models.CharField(blank=True, max_length=20, null=True)),
                ("to_status", models.CharField(max_length=20)),
                ("changes", models.JSONField(default=dict, help_text="By member: the old and the new value")),
                ("reason", models.TextField(blank=True, default="")),
                ("changed_by", models.TextField(help_text="Client or user that asked for it")),
                ("changed_by_person", models.TextField(help_text="The person behind that client or user")),
                ("correlation_id", models.TextField(default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "db_table": "tenant_changes",
                "indexes": [models.Index(fields=["tenant_id", "-created_at", "-id"], name="idx_tenant_changes_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["CREATED", "CHANGED", "ACTIVATED", "SUSPENDED", "RESUMED", "DECOMMISSIONED"])
                        ),
                        name="tenant_change_kind_known",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            [(SQL / "tenant_changes_rules.sql").read_text()], reverse_sql=[(SQL / "tenant_changes_rules_reverse.sql").read_text()]
        ),
    ]
