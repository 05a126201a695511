from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0012_uetr_unique_in_messages")]
    operations = [
        migrations.RunSQL([(SQL / "payment_request.sql").read_text()], reverse_sql=[(SQL / "payment_request_reverse.sql").read_text()])
    ]
