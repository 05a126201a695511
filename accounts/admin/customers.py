"""Customers and, read-only, their accounts."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.urls import reverse

from accounts.models import Account, Customer
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, moment, record_link
from tenants.portal.model_admin import TenantModelAdmin

SHOWN_ACCOUNTS = 50


class CustomerForm(ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Customer
        fields = ("name", "reference", "email")

    def clean_reference(self) -> str | None:
        """Unique per tenant: row-level security makes "among all I can see" exactly that. Empty is no reference."""
        reference: str | None = self.cleaned_data["reference"] or None
        if reference and Customer.objects.filter(reference=reference).exclude(pk=self.instance.pk).exists():
            raise ValidationError("another customer has this reference")
        return reference


@admin.register(Customer)
class CustomerAdmin(TenantModelAdmin[Customer]):
    id_prefix = "cus"
    nothing_yet = "No customers yet. Accounts are opened for them."
    form = CustomerForm
    list_display = ("name", "reference", "email", "created", "short_id")
    fields = ("name", "reference", "email", "public_id", "created")
    readonly_fields = ("public_id", "created")
    search_help_text = "Name, the customer's reference, or id (cus_…)"

    def matching(self, term: str) -> Q:
        return Q(reference=term) | Q(name__icontains=term)

    def get_fields(self, request: object, obj: Customer | None = None) -> tuple[str, ...]:
        return self.fields if obj is not None else self.fields[:3]

    @admin.display(description="Since")
    def created(self, customer: Customer) -> str:
        return moment(customer.created_at)

    def panels(self, record: Customer) -> list[Panel]:
        accounts: QuerySet[Account] = Account.objects.filter(tenant_id=record.tenant_id, customer_id=record.pk).order_by("number")
        return [
            Panel(
                title="Accounts",
                columns=(
                    Column(heading="Account"),
                    Column(heading="IBAN"),
                    Column(heading="Name"),
                    Column(heading="Status"),
                    Column(heading="Booked", numeric=True),
                    Column(heading="Available", numeric=True),
                ),
                rows=[
                    (
                        record_link("accounts_account_change", account.pk, account.number),
                        account.iban or NOTHING,
                        account.name,
                        badge(account.status),
                        amount(account.booked_minor, account.currency),
                        amount(account.available_minor, account.currency),
                    )
                    for account in accounts[:SHOWN_ACCOUNTS]
                ],
                empty="No accounts yet. Open one from the accounts page.",
                more=(f"{reverse('admin:accounts_account_changelist')}?customer__id__exact={record.pk}", "In the list of accounts"),
            )
        ]
