from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_account_identity")]
    operations = [
        migrations.RunSQL([(SQL / "folds_by_deletion.sql").read_text()], reverse_sql=[(SQL / "folds_by_deletion_reverse.sql").read_text()])
    ]
