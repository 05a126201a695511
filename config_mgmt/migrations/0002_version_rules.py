from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("config_mgmt", "0001_initial"), ("tenants", "0003_configuration")]
    operations = [
        migrations.RunSQL([(SQL / "version_rules.sql").read_text()], reverse_sql=[(SQL / "version_rules_reverse.sql").read_text()]),
    ]
