"""Accounts: balances and postings to look at, buttons for what may be done to them. Nobody edits an account's fields."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.admin.forms import OpenAccountForm, OpeningBalanceForm, OverdraftForm, RenameForm
from accounts.models import Account
from accounts.operations.accounts import (
    close_account,
    freeze_account,
    open_account,
    rename_account,
    set_overdraft_limit,
    unfreeze_account,
)
from accounts.operations.journals import post_opening_balance
from accounts.panels import account_label, active_holds, postings_of_account
from accounts.queries.accounts import booked_now_minor, with_unfolded
from accounts.rules import in_electronic_form
from payment_engine.money import format_amount
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import NOTHING, Panel, amount, badge, grouped_amount, moment, record_link
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import TenantModelAdmin

_CLOSE: Final = "Close account"
_BUTTONS: Final = {
    Account.Status.OPEN: ("opening_balance", "rename", "overdraft", "freeze", "close"),
    Account.Status.FROZEN: ("rename", "overdraft", "unfreeze", "close"),
    Account.Status.CLOSED: (),
}


class CurrencyFilter(admin.SimpleListFilter):
    """The currencies the bank has accounts of its own in, which is where customers' money comes from."""

    title = "currency"
    parameter_name = "currency"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        own = Account.objects.filter(append_only=True, status=Account.Status.OPEN)
        return [(currency, currency) for currency in sorted(set(own.values_list("currency", flat=True)[:1000]))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        return queryset.filter(currency=self.value()) if self.value() else queryset


@admin.register(Account)
class AccountAdmin(TenantModelAdmin[Account]):
    id_prefix = "acc"
    list_display = ("number", "iban_shown", "name", "owner", "state", "amount_booked", "amount_available")
    list_filter = ("status", CurrencyFilter, "role", "type")
    linked_by = ("customer",)
    list_select_related = ("customer",)
    search_help_text = "Account number, IBAN, a part of the account's or customer's name, or id (acc_…)"
    nothing_yet = "No accounts yet. Each belongs to a customer, so the customer comes first."
    actions_detail = (
        "opening_balance",
        {"title": "Change", "items": ["rename", "overdraft"]},
        "freeze",
        "unfreeze",
        "close",
    )
    fieldsets = (
        (None, {"fields": (("number", "iban_shown"), ("name", "owner"), ("state", "currency"), ("type", "role"))}),
        ("Balances", {"fields": (("amount_booked", "amount_held"), ("amount_overdraft", "amount_available"))}),
        ("More", {"fields": (("public_id", "append_only"), ("created", "closed"))}),
    )
    readonly_fields = (
        "iban_shown",
        "owner",
        "state",
        "public_id",
        "amount_booked",
        "amount_held",
        "amount_overdraft",
        "amount_available",
        "created",
        "closed",
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def matching(self, term: str) -> Q:
        compact = in_electronic_form(term)
        return Q(number__startswith=term) | Q(iban=compact) | Q(name__icontains=term) | Q(customer__name__icontains=term)

    def pickable(self, queryset: QuerySet[Account]) -> QuerySet[Account]:
        return queryset.exclude(status=Account.Status.CLOSED)

    def pick_label(self, record: Account) -> str:
        return account_label(record)

    def panels(self, record: Account) -> list[Panel]:
        return [postings_of_account(record)] if record.append_only else [active_holds(record), postings_of_account(record)]

    # --- Columns

    @admin.display(description="IBAN")
    def iban_shown(self, account: Account) -> str:
        return account.iban or NOTHING

    @admin.display(description="Customer")
    def owner(self, account: Account) -> str:
        customer = account.customer
        return NOTHING if customer is None else record_link("accounts_customer_change", customer.pk, customer.name)

    @admin.display(description="Status")
    def state(self, account: Account) -> SafeString:
        return badge(account.status)

    @admin.display(description="Booked")
    def amount_booked(self, account: Account) -> SafeString:
        return amount(account.booked_minor, account.currency)

    @admin.display(description="Held")
    def amount_held(self, account: Account) -> SafeString:
        return amount(account.held_minor, account.currency)

    @admin.display(description="Overdraft limit")
    def amount_overdraft(self, account: Account) -> SafeString:
        return amount(account.overdraft_limit_minor, account.currency)

    @admin.display(description="Available")
    def amount_available(self, account: Account) -> SafeString:
        return amount(account.available_minor, account.currency)

    @admin.display(description="Opened")
    def created(self, account: Account) -> str:
        return moment(account.created_at)

    @admin.display(description="Closed")
    def closed(self, account: Account) -> str:
        return moment(account.closed_at)

    def prepare_rows(self, rows: list[Account]) -> None:
        """To be shown, and never saved: balances of the shared accounts with what no fold has moved into them yet, of one moment."""
        shared = {(account.tenant_id, account.pk): account for account in rows if account.append_only}
        if not shared:
            return
        found = with_unfolded(Account.objects.filter(tenant_id__in={tenant for tenant, _ in shared}, id__in=[key for _, key in shared]))
        for fresh in found:
            if (account := shared.get((fresh.tenant_id, fresh.pk))) is not None:
                account.booked_minor = booked_now_minor(fresh)
                account.available_minor = account.booked_minor - fresh.held_minor + fresh.overdraft_limit_minor

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Account | None:
        account: Account | None = super().get_object(request, object_id, from_field)
        if account is not None:
            self.prepare_rows([account])
        return account

    # --- Buttons

    def get_actions_detail(self, request: HttpRequest, object_id: object) -> list[Any]:
        account = self.get_object(request, str(object_id))
        if account is None or account.append_only:
            return []
        allowed = {f"accounts_account_{name}" for name in _BUTTONS[Account.Status(account.status)]}
        return [button for button in super().get_actions_detail(request, object_id) if button.action_name in allowed]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            account = open_account(
                customer_id=values["customer"].id,
                currency=values["currency"],
                name=values["name"],
                iban=values["iban"] or None,
                number=values["number"] or None,
                type=values["type"],
                overdraft_limit_minor=values["overdraft_limit_minor"],
            )
            self.log_addition(request, account, "Opened.")
            return done(request, f"Account {account.number} is open.", self.change_url(account))

        form = OpenAccountForm(request.POST or None, initial={"customer": request.GET.get("customer")})
        return operation_page(request, self, form=form, title="Open account", button="Open account", run=run)

    @button("Opening balance", icon="add_card")
    def opening_balance(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account = self._account(request, object_id)

        def post(values: dict[str, Any]) -> str:
            post_opening_balance(
                account_id=account.pk,
                amount_minor=values["amount_minor"],
                currency=account.currency,
                created_by=request.user.get_username(),
                journal_id=values["journal"],
            )
            return f"Opening balance of {grouped_amount(values['amount_minor'], account.currency)} {account.currency} posted."

        form = OpeningBalanceForm(request.POST or None, currency=account.currency)
        explanation = "Brings money in from outside: equity is debited."
        if account.version:
            booked = grouped_amount(account.booked_minor, account.currency)
            explanation += f" The account has been posted to already: this is added to its {booked} {account.currency}."
        return self._ask(request, account, form, post, button="Opening balance", explanation=explanation)

    @button("Rename", icon="edit")
    def rename(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account = self._account(request, object_id)

        def run(values: dict[str, Any]) -> str:
            rename_account(account_id=account.pk, name=values["name"])
            return "Account renamed."

        form = RenameForm(request.POST or None, initial={"name": account.name})
        return self._ask(request, account, form, run, button="Rename")

    @button("Overdraft limit", icon="trending_down")
    def overdraft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        account = self._account(request, object_id)

        def run(values: dict[str, Any]) -> str:
            set_overdraft_limit(account_id=account.pk, overdraft_limit_minor=values["overdraft_limit_minor"])
            return "Overdraft limit changed."

        limit = format_amount(account.overdraft_limit_minor, account.currency)
        form = OverdraftForm(request.POST or None, initial={"overdraft_limit": limit}, currency=account.currency)
        return self._ask(request, account, form, run, button="Overdraft limit")

    @button("Freeze", icon="ac_unit", kind=Kind.WARNING)
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "No payment goes out of a frozen account or into it until it is unfrozen."
        return self._confirm(request, object_id, freeze_account, button="Freeze", sentence="Account frozen.", explanation=explanation)

    @button("Unfreeze", icon="sunny", kind=Kind.SUCCESS)
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "Payments are possible again."
        return self._confirm(
            request, object_id, unfreeze_account, button="Unfreeze", sentence="Account open again.", explanation=explanation
        )

    @button(_CLOSE, icon="block", kind=Kind.DANGER)
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        explanation = "Only an empty account can be closed, and it can't be opened again."
        return self._confirm(request, object_id, close_account, button=_CLOSE, sentence="Account closed.", explanation=explanation)

    def _account(self, request: HttpRequest, object_id: str) -> Account:
        account = self.get_object(request, object_id)
        if account is None or account.append_only:
            raise Http404
        return account

    def _confirm(
        self, request: HttpRequest, object_id: str, operation: Callable[..., Account], *, button: str, sentence: str, explanation: str
    ) -> HttpResponse:
        account = self._account(request, object_id)

        def run(_values: dict[str, Any]) -> str:
            operation(account_id=UUID(str(account.pk)))
            return sentence

        return self._ask(request, account, OperationForm(request.POST or None), run, button=button, explanation=explanation)

    def _ask(
        self,
        request: HttpRequest,
        account: Account,
        form: OperationForm,
        act: Callable[[dict[str, Any]], str],
        *,
        button: str,
        explanation: str = "",
    ) -> HttpResponse:
        def run(values: dict[str, Any]) -> HttpResponse:
            sentence = act(values)
            self.log_change(request, account, sentence)
            return done(request, sentence, self.change_url(account))

        return operation_page(
            request,
            self,
            form=form,
            title=button,
            button=button,
            run=run,
            record=account,
            explanation=explanation,
            dangerous=button == _CLOSE,
        )
