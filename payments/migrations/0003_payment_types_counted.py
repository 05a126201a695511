from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_payment_rules"), ("tenants", "0003_configuration")]
    operations = [
        migrations.RunSQL(
            "CREATE TRIGGER payment_types_counted AFTER INSERT OR UPDATE OR DELETE ON payment_types"
            " FOR EACH STATEMENT EXECUTE FUNCTION tenants.config_changed()",
            reverse_sql="DROP TRIGGER payment_types_counted ON payment_types",
        )
    ]
