from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_postings_append_only_ascending")]
    operations = [
        migrations.RunSQL([(SQL / "account_identity.sql").read_text()], reverse_sql=[(SQL / "account_identity_reverse.sql").read_text()])
    ]
