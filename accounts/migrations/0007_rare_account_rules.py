from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
MOVED = (
    "account_currency_well_formed",
    "account_overdraft_not_negative",
    "account_unposted_is_zero",
    "account_customer_has_owner",
    "account_closed_is_empty",
    "account_status_known",
)


class Migration(migrations.Migration):
    """Rules of accounts that no posting can break become triggers of the columns they speak of."""

    dependencies = [("accounts", "0006_postings_book")]
    operations = [
        *(migrations.RemoveConstraint(model_name="account", name=name) for name in MOVED),
        migrations.RunSQL([(SQL / "rare_rules.sql").read_text()], reverse_sql=[(SQL / "rare_rules_reverse.sql").read_text()]),
    ]
