from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("iso20022", "0001_messages")]
    operations = [
        migrations.AddField(
            model_name="messagetransaction",
            name="further_reasons",
            field=models.JSONField(blank=True, help_text="Code and text of each reason after the first, in the order found", null=True),
        ),
    ]
