from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_holds")]
    operations = [migrations.RunSQL([(SQL / "hold_rules.sql").read_text()], reverse_sql=[(SQL / "hold_rules_reverse.sql").read_text()])]
