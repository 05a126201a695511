from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Customers, accounts and the ledger"

    def ready(self) -> None:
        from accounts.queries.units import accounts_as_units, customers_as_units
        from config_mgmt.flags.units import offer_units

        offer_units("customers", customers_as_units)
        offer_units("accounts", accounts_as_units)
