from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_payment_request_immutable")]
    operations = [
        migrations.RunSQL(
            [(SQL / "value_date_at_approval.sql").read_text()],
            reverse_sql=[(SQL / name).read_text() for name in ("payment_request_reverse.sql", "payment_request.sql")],
        )
    ]
