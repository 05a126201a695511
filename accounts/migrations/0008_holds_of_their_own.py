from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """A session that is switched to another tenant or schema within a statement can't blind the rules of holds."""

    dependencies = [("accounts", "0007_rare_account_rules")]
    operations = [
        migrations.RunSQL(
            [(SQL / "holds_of_their_own.sql").read_text()],
            reverse_sql=[(SQL / "holds_of_their_own_reverse.sql").read_text()],
        )
    ]
