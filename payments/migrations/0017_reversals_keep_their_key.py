from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_attempts_given_up")]
    operations = [
        migrations.AddField(model_name="reversal", name="idempotency_key", field=models.TextField(null=True, blank=True)),
        migrations.AddConstraint(
            model_name="reversal",
            constraint=models.UniqueConstraint(
                fields=["idempotency_key", "tenant_id"], condition=Q(idempotency_key__isnull=False), name="reversal_key_unique_per_tenant"
            ),
        ),
    ]
