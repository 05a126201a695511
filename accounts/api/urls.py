"""To be included at `api/v1/`."""

from django.urls import path

from accounts.api.accounts import account, accounts
from accounts.api.customers import customer, customers
from accounts.api.ledger import balance, postings, statements

urlpatterns = [
    path("customers", customers, name="customers"),
    path("customers/<str:customer_id>", customer, name="customer"),
    path("accounts", accounts, name="accounts"),
    path("accounts/<str:account_id>", account, name="account"),
    path("accounts/<str:account_id>/balance", balance, name="account-balance"),
    path("accounts/<str:account_id>/postings", postings, name="account-postings"),
    path("accounts/<str:account_id>/statements", statements, name="account-statements"),
]
