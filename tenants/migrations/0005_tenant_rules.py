from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_tenant_profile")]
    operations = [
        migrations.RunSQL([(SQL / "tenant_rules.sql").read_text()], reverse_sql=[(SQL / "tenant_rules_reverse.sql").read_text()]),
    ]
