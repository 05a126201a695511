from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0008_waiting_payments"), ("accounts", "0004_hold_rules")]
    operations = [migrations.RunSQL([(SQL / "waiting_payment_rules.sql").read_text()], reverse_sql=[(SQL / "waiting_payment_rules_reverse.sql").read_text()])]
