"""To be included at `api/v1/`."""

from django.urls import path

from payments.api import transactions

urlpatterns = [
    path("transactions", transactions.transactions, name="transactions"),
    path("transactions/<str:transaction_id>", transactions.transaction, name="transaction"),
    path("transactions/<str:transaction_id>/reverse", transactions.reverse, name="transaction-reverse"),
]
