from pathlib import Path

import django.contrib.postgres.indexes
from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """A row of the outbox and a stored answer cost one index entry each."""

    dependencies = [("events", "0001_initial")]
    operations = [
        migrations.RunSQL(
            [(SQL / "one_index_each.sql").read_text()],
            reverse_sql=[(SQL / "one_index_each_reverse.sql").read_text()],
        ),
        migrations.RemoveConstraint(model_name="idempotencykey", name="idempotency_key_unique_per_tenant"),
        migrations.RemoveIndex(model_name="outboxevent", name="idx_outbox_events_untold"),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["id"], name="idx_idempotency_keys_age"),
        ),
    ]
