from pathlib import Path

from django.db import migrations, models
from django.db.models import Q

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """An index of postings less: by version where there is one, by time where there is none."""

    dependencies = [("accounts", "0004_hold_rules")]
    operations = [
        migrations.RemoveConstraint(model_name="posting", name="posting_version_unique_per_account"),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(
                fields=["account_id", "account_version", "tenant_id"],
                condition=Q(account_version__isnull=False),
                name="posting_version_unique_per_account",
            ),
        ),
        migrations.RemoveIndex(model_name="posting", name="idx_postings_account"),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["account_id", "-created_at", "-id"], condition=Q(account_version__isnull=True), name="idx_postings_append_only"
            ),
        ),
        migrations.RunSQL(
            [(SQL / "cheaper_checks.sql").read_text()],
            reverse_sql=[(SQL / "cheaper_checks_reverse.sql").read_text()],
        ),
    ]
