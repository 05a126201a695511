from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0015_payment_parties")]
    operations = [
        migrations.AddField(
            model_name="simulatedpayment",
            name="given_up",
            field=models.PositiveSmallIntegerField(default=0, help_text="The last attempt of which it said that it never arrived"),
        ),
    ]
