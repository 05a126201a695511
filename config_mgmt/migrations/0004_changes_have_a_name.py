from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('config_mgmt', '0003_tenant_changes'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='configversion',
            options={'verbose_name': 'change of configuration', 'verbose_name_plural': 'changes of configuration'},
        ),
    ]
