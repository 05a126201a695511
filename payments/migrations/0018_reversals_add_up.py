from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_folds_by_deletion"), ("payments", "0017_reversals_keep_their_key")]
    operations = [
        migrations.AddConstraint(
            model_name="reversal",
            constraint=models.UniqueConstraint(fields=["journal_id", "tenant_id"], name="reversal_journal_unique_per_tenant"),
        ),
        migrations.RunSQL([(SQL / "reversals_add_up.sql").read_text()], reverse_sql=[(SQL / "reversals_add_up_reverse.sql").read_text()]),
    ]
