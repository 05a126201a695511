from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_value_date_at_approval")]
    operations = [
        migrations.AddField(
            model_name="payment",
            name="parties",
            field=models.JSONField(blank=True, help_text="As the message it came in names them; of other payments none", null=True),
        ),
        migrations.RunSQL([(SQL / "payment_parties.sql").read_text()], reverse_sql=[(SQL / "payment_parties_reverse.sql").read_text()]),
    ]
