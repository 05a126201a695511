"""An account and its balances."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models.customers import Customer
from payment_engine.ids import public_id
from payment_engine.money import format_amount
from tenants.database.fields import TenantForeignKey
from tenants.models.base import TenantModel


class Account(TenantModel):
    """Money of one owner in one currency. Amounts are minor units, credit positive.

    booked = Σ postings (for an append-only account: booked + Σ balance deltas), held = Σ active holds,
    available = booked − held + overdraft limit, which PostgreSQL keeps ≥ 0 unless the account is append-only.
    Only accounts.ledger.journal changes booked and version, together with the postings that explain them.
    """

    class Type(models.TextChoices):
        ASSET = "ASSET", "Asset"
        LIABILITY = "LIABILITY", "Liability"
        INCOME = "INCOME", "Income"
        EXPENSE = "EXPENSE", "Expense"
        EQUITY = "EQUITY", "Equity"

    class Role(models.TextChoices):
        CUSTOMER = "CUSTOMER", "Customer"
        NOSTRO = "NOSTRO", "Nostro"
        FEE = "FEE", "Fee income"
        SUSPENSE = "SUSPENSE", "Suspense"
        CLEARING = "CLEARING", "Clearing"
        SETTLEMENT = "SETTLEMENT", "Settlement"
        EQUITY = "EQUITY", "Opening balances"

    class Status(models.TextChoices):
        OPEN = "OPEN", "Open"
        FROZEN = "FROZEN", "Frozen"
        CLOSED = "CLOSED", "Closed"

    customer: Any = TenantForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts")
    number = models.CharField(max_length=34, help_text="The tenant's own account number")
    iban = models.CharField(max_length=34, null=True, blank=True)
    name = models.CharField(max_length=140)
    currency = models.CharField(max_length=3)
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.LIABILITY)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.CUSTOMER)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    overdraft_limit_minor = models.BigIntegerField(default=0)
    booked_minor = models.BigIntegerField(default=0, editable=False)
    held_minor = models.BigIntegerField(default=0, editable=False)
    available_minor = models.GeneratedField(
        expression=F("booked_minor") - F("held_minor") + F("overdraft_limit_minor"), output_field=models.BigIntegerField(), db_persist=True
    )
    version = models.BigIntegerField(default=0, editable=False, help_text="Number of postings, for an account that is not append-only")
    append_only = models.BooleanField(default=False, editable=False, help_text="Shared by everybody: posted to without a row lock")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "accounts"
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "number"], name="account_number_unique_per_tenant"),
            models.UniqueConstraint(fields=["iban", "tenant_id"], name="account_iban_unique_per_tenant"),
            models.UniqueConstraint(
                fields=["tenant_id", "role", "currency"],
                condition=Q(append_only=True, status="OPEN"),
                name="account_shared_role_unique_per_currency",
            ),
            # Postings can break these; what only other changes can break is the trigger check_account()'s, for speed.
            models.CheckConstraint(condition=Q(held_minor__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(append_only=True) | Q(available_minor__gte=0), name="account_available_not_negative"),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "status"], name="idx_accounts_tenant_status"),
            models.Index(fields=["tenant_id", "-created_at", "-id"], name="idx_accounts_tenant_created"),
            models.Index(fields=["tenant_id", "customer"], name="idx_accounts_tenant_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    @property
    def public_id(self) -> str:
        return public_id("acc", self.id)

    @property
    def booked(self) -> str:
        return format_amount(self.booked_minor, self.currency)

    @property
    def available(self) -> str:
        return format_amount(self.available_minor, self.currency)
