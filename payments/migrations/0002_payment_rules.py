from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("accounts", "0002_ledger_rules")]
    operations = [
        migrations.RunSQL(
            [(SQL / "payment_rules.sql").read_text()],
            reverse_sql=[(SQL / "payment_rules_reverse.sql").read_text()],
        )
    ]
