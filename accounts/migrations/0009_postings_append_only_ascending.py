from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Newest last: an index that grows at its right end fills its pages, one that grew at its left end was twice as large."""

    dependencies = [("accounts", "0008_holds_of_their_own")]
    operations = [
        migrations.RemoveIndex(model_name="posting", name="idx_postings_append_only"),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["account_id", "created_at", "id"], condition=Q(account_version__isnull=True), name="idx_postings_append_only"
            ),
        ),
    ]
