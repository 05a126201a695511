from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    """Postings move their accounts' balances themselves: one look at each account instead of three, and no way around it."""

    dependencies = [("accounts", "0005_postings_by_version")]
    operations = [
        migrations.RunSQL(
            [(SQL / "booking_trigger.sql").read_text()],
            reverse_sql=[(SQL / name).read_text() for name in ("booking_trigger_reverse.sql", "cheaper_checks.sql", "checks_put_back.sql")],
        )
    ]
