import payment_engine.ids
import tenants.context
from django.db import migrations, models


class Migration(migrations.Migration):
    # Usage can be told from the payments at any time, so the rows of the day need not be moved.
    dependencies = [('payments', '0004_business_calendars')]

    operations = [
        migrations.DeleteModel('LimitUsage'),
        migrations.CreateModel(
            name='LimitUsage',
            fields=[
                ('id', models.UUIDField(default=payment_engine.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.TextField(default=tenants.context.current_tenant_id, editable=False)),
                ('account_id', models.UUIDField()),
                ('payment_type', models.TextField(blank=True)),
                ('window_kind', models.CharField(choices=[('MINUTE', 'Minute'), ('HOUR', 'Hour'), ('DAY', 'Day'), ('MONTH', 'Month')], max_length=6)),
                ('window_start', models.DateTimeField()),
                ('amount_minor', models.BigIntegerField()),
                ('count', models.IntegerField()),
                ('counted_until', models.DateTimeField()),
            ],
            options={
                'db_table': 'limit_usages',
                'constraints': [
                    models.UniqueConstraint(fields=('account_id', 'payment_type', 'window_kind', 'window_start', 'tenant_id'), name='limit_usage_unique_per_window'),
                    models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('count__gte', 0)), name='limit_usage_not_negative'),
                    models.CheckConstraint(condition=models.Q(('window_kind__in', ['MINUTE', 'HOUR', 'DAY', 'MONTH'])), name='limit_usage_window_known'),
                ],
            },
        ),
    ]
