from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Customers, accounts and the ledger"

    def ready(self) -> None:
        from accounts.queries.obstacles import money_of_customers
        from accounts.queries.units import accounts_as_units, customers_as_units
        from config_mgmt.flags.units import offer_units
        from config_mgmt.obstacles import ask_before_closing

        offer_units("customers", customers_as_units)
        offer_units("accounts", accounts_as_units)
        ask_before_closing(money_of_customers)
