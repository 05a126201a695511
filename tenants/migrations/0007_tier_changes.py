from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

import payment_engine.ids

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_tier_defaults"),
    ]

    operations = [
        migrations.CreateModel(
            name="TierChange",
            fields=[
                ("id", models.UUIDField(default=payment_engine.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "tier",
                    models.CharField(
                        choices=[("BASIC", "Basic"), ("STANDARD", "Standard"), ("PREMIUM", "Premium"), ("ENTERPRISE", "Enterprise")],
                        max_length=20,
                    ),
                ),
                ("version", models.PositiveIntegerField(help_text="Counts the changes of this tier")),
                (
                    "changes",
                    models.JSONField(help_text="By key: whether it was added, changed or removed, with the value before and after"),
                ),
                ("defaults", models.JSONField(help_text="Kind, key and value of every default from this version on")),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "rollback_of",
                    models.PositiveIntegerField(blank=True, help_text="The version whose defaults this one brings back", null=True),
                ),
                ("changed_by", models.TextField(help_text="Client or user that asked for it")),
                ("changed_by_person", models.TextField(help_text="The person behind that client or user")),
                ("correlation_id", models.TextField(default="")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                "db_table": "tier_changes",
                "constraints": [
                    models.UniqueConstraint(fields=("tier", "version"), name="tier_change_version_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("tier__in", ["BASIC", "STANDARD", "PREMIUM", "ENTERPRISE"])), name="tier_change_tier_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="tier_change_counts_from_one"),
                ],
            },
        ),
        migrations.RunSQL([(SQL / "tier_changes.sql").read_text()], reverse_sql=[(SQL / "tier_changes_reverse.sql").read_text()]),
    ]
