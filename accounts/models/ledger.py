"""The double-entry ledger: journals, postings, and the deltas of accounts that everybody posts to."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payment_engine.ids import public_id
from tenants.models.base import TenantModel


class Journal(TenantModel):
    """A balanced set of postings, immutable. Its postings are inserted with it and sum to zero per currency."""

    class Kind(models.TextChoices):
        PAYMENT = "PAYMENT", "Payment"
        REVERSAL = "REVERSAL", "Reversal"
        MANUAL = "MANUAL", "Manual"
        OPENING = "OPENING", "Opening balance"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    payment_id = models.UUIDField(null=True, blank=True)
    description = models.TextField(blank=True, default="")
    value_date = models.DateField()
    posting_count = models.SmallIntegerField()
    created_by = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "journals"
        constraints = [models.CheckConstraint(condition=Q(posting_count__gte=2), name="journal_has_two_postings")]

    def __str__(self) -> str:
        return f"{self.kind.lower()} {public_id('jrn', self.id)}"


class Posting(TenantModel):
    """One stored leg: a signed amount on one account, credit positive. Never updated, never deleted.

    `account_version` counts the account's postings without gaps and `balance_after_minor` is the booked balance after
    this one; both are null on an append-only account, where nobody waits to know the order.
    No foreign keys: they would lock the rows everybody posts to. A trigger checks the same for the whole statement.
    """

    journal_id = models.UUIDField()
    line = models.SmallIntegerField()
    account_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    account_version = models.BigIntegerField(null=True)
    balance_after_minor = models.BigIntegerField(null=True)
    value_date = models.DateField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "postings"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "account_version", "tenant_id"],
                condition=Q(account_version__isnull=False),
                name="posting_version_unique_per_account",
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="posting_amount_not_zero"),
            models.CheckConstraint(
                condition=Q(account_version__isnull=True, balance_after_minor__isnull=True)
                | Q(account_version__isnull=False, balance_after_minor__isnull=False),
                name="posting_version_with_balance",
            ),
        ]
        # Pages, balances of the past and a day's statement. Where there are versions, they are in the order of created_at, which is
        # the statement's time, taken after the account's lock: accounts.queries.versions finds moments among them.
        indexes = [
            models.Index(
                fields=["account_id", "created_at", "id"], condition=Q(account_version__isnull=True), name="idx_postings_append_only"
            )
        ]

    def __str__(self) -> str:
        return public_id("pst", self.id)


class BalanceDelta(TenantModel):
    """What a transaction added to an append-only account and no fold has moved into its booked balance yet."""

    account_id: Any = models.UUIDField()
    amount_minor = models.BigIntegerField()
    posting_count = models.IntegerField()

    class Meta:
        db_table = "balance_deltas"
        indexes = [models.Index(fields=["account_id"], name="idx_balance_deltas_account")]

    def __str__(self) -> str:
        return str(self.id)
