import django.contrib.postgres.fields
import django.db.models.functions.datetime
import payment_engine.ids
import tenants.context
from django.db import migrations, models

TABLES = ("calendar_days", "tenant_calendars")


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0003_payment_types_counted'),
    ]

    operations = [
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.UUIDField(default=payment_engine.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.TextField(default=tenants.context.current_tenant_id, editable=False)),
                ('calendar', models.CharField(help_text='Code of the calendar', max_length=40)),
                ('date', models.DateField()),
                ('is_business_day', models.BooleanField(default=False)),
                ('name', models.CharField(help_text='Why: shown in the reasons of a value date', max_length=140)),
                ('changed_by', models.TextField(help_text='Client or user that changed it last')),
                ('changed_by_person', models.TextField(help_text='The person behind that client or user')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'calendar_days',
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'calendar', 'date'), name='calendar_day_unique_per_tenant')],
            },
        ),
        migrations.CreateModel(
            name='TenantCalendar',
            fields=[
                ('id', models.UUIDField(default=payment_engine.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.TextField(default=tenants.context.current_tenant_id, editable=False)),
                ('code', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=140)),
                ('base', models.CharField(help_text='Code of the kept calendar whose holidays it observes', max_length=40)),
                ('weekend', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('MONDAY', 'Monday'), ('TUESDAY', 'Tuesday'), ('WEDNESDAY', 'Wednesday'), ('THURSDAY', 'Thursday'), ('FRIDAY', 'Friday'), ('SATURDAY', 'Saturday'), ('SUNDAY', 'Sunday')], max_length=9), blank=True, default=list, size=None)),
                ('time_zone', models.CharField(max_length=64)),
                ('changed_by', models.TextField(help_text='Client or user that changed it last')),
                ('changed_by_person', models.TextField(help_text='The person behind that client or user')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'calendar',
                'db_table': 'tenant_calendars',
                'constraints': [
                    models.UniqueConstraint(fields=('tenant_id', 'code'), name='tenant_calendar_unique_per_tenant'),
                    models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z][A-Z0-9_]*$')), name='tenant_calendar_code_well_formed'),
                    models.CheckConstraint(condition=models.Q(('weekend__len__lt', 7)), name='tenant_calendar_has_business_days'),
                ],
            },
        ),
        migrations.RunSQL(
            [
                f"CREATE TRIGGER {table}_counted AFTER INSERT OR UPDATE OR DELETE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION tenants.config_changed()"
                for table in TABLES
            ],
            reverse_sql=[f"DROP TRIGGER {table}_counted ON {table}" for table in TABLES],
        ),
    ]
