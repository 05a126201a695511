import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('payments', '0005_limit_usages_per_window'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymenttype',
            name='activate_at',
            field=models.DateTimeField(blank=True, help_text='When this draft takes effect', null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='activated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='activated_by',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='approval_threshold',
            field=models.DecimalField(blank=True, decimal_places=4, help_text='Payments of at least this amount need an approval', max_digits=22, null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='calendar',
            field=models.CharField(blank=True, default='', help_text='Code of the business-day calendar', max_length=40),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='correlation_id',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='created_by',
            field=models.TextField(blank=True, default='', help_text='Client or user that made this version'),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='created_by_person',
            field=models.TextField(blank=True, default='', help_text='The person behind that client or user'),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='cut_off_time',
            field=models.TimeField(blank=True, help_text="In `time_zone`; payments after it get the next day's value date", null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='fee_schedule',
            field=models.JSONField(blank=True, help_text='In place of processing_fee; see payments.fees.FeeSchedule', null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='rail',
            field=models.CharField(default='internal', max_length=20),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='rail_fallbacks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, help_text='Rails to try next, in this order', size=None),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='reason',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='retire_reason',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='retired_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='retired_by',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='retry_policy',
            field=models.JSONField(blank=True, help_text='maxAttempts and backoffSeconds, for rails that can fail', null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='rollback_of',
            field=models.PositiveIntegerField(blank=True, help_text='The version whose terms this one brings back', null=True),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='time_zone',
            field=models.CharField(blank=True, default='', help_text='IANA name, such as Europe/Zurich', max_length=64),
        ),
        migrations.AddField(
            model_name='paymenttype',
            name='velocity_limits',
            field=models.JSONField(blank=True, default=list, help_text='See payments.velocity.VelocityLimit'),
        ),
        migrations.AddIndex(
            model_name='paymenttype',
            index=models.Index(condition=models.Q(('status', 'DRAFT')), fields=['tenant_id', 'activate_at'], name='idx_payment_types_due'),
        ),
        migrations.AddConstraint(
            model_name='paymenttype',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'DRAFT')), fields=('tenant_id', 'code'), name='payment_type_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='paymenttype',
            constraint=models.CheckConstraint(condition=models.Q(('approval_threshold__isnull', True), ('approval_threshold__gt', 0), _connector='OR'), name='payment_type_threshold_positive'),
        ),
        migrations.AddConstraint(
            model_name='paymenttype',
            constraint=models.CheckConstraint(condition=models.Q(('fee_schedule__isnull', True), ('processing_fee', 0), _connector='OR'), name='payment_type_fee_said_once'),
        ),
        migrations.AddConstraint(
            model_name='paymenttype',
            constraint=models.CheckConstraint(condition=models.Q(('cut_off_time__isnull', True), models.Q(('time_zone', ''), _negated=True), _connector='OR'), name='payment_type_cut_off_has_time_zone'),
        ),
        migrations.AddConstraint(
            model_name='paymenttype',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['DRAFT', 'ACTIVE', 'RETIRED'])), name='payment_type_status_known'),
        ),
    ]
