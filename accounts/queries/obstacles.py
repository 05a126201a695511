"""What accounts still hold of their customers'."""

from django.db.models import Sum

from accounts.models import Account
from config_mgmt.obstacles import counted
from payment_engine.money import format_amount


def money_of_customers() -> list[str]:
    customers = Account.objects.filter(role=Account.Role.CUSTOMER)
    booked = customers.exclude(booked_minor=0).values("currency").annotate(total=Sum("booked_minor")).order_by("currency")
    return [
        *(f"customer accounts hold {format_amount(row['total'], row['currency'])} {row['currency']}" for row in booked),
        *counted(customers.filter(held_minor__gt=0).count(), "customer account has money held", "customer accounts have money held"),
    ]
