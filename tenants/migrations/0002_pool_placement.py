from django.db import migrations


def create_pool(apps, schema_editor):
    apps.get_model("tenants", "Placement").objects.get_or_create(schema_name="payment_engine")


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]
    operations = [
        migrations.RunPython(create_pool, migrations.RunPython.noop),
        # Schemas are made by onboarding, with the owner login.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON placements FROM payment_engine_role",
            "GRANT INSERT, UPDATE, DELETE ON placements TO payment_engine_role",
        ),
    ]
