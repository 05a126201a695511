from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_payment_type_terms")]
    operations = [
        migrations.RunSQL(
            [(SQL / "payment_type_rules.sql").read_text()], reverse_sql=[(SQL / "payment_type_rules_reverse.sql").read_text()]
        )
    ]
