"""The lists of what waits: payments another person must approve, and those that workers and rails have not finished."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import who
from config_mgmt.admin.pages import cut, show, viewed
from config_mgmt.admin.request import actor_of
from payments.admin.payment_cells import Accounts, accounts_of, parties_cell, rail_of
from payments.admin.payment_decisions import asked_by, buttons_of
from payments.admin.payment_panels import attempt_badge
from payments.models import Payment, PaymentApproval, RailAttempt
from payments.queries.waiting import approvals_pending, latest_attempts, payments_under_way, payments_without_answer
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, link, moment, record_link, short_id
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin, may_write

PaymentAdmin = ReadOnlyTenantModelAdmin[Payment]
_TEMPLATE: Final = "portal/payments/work_list.html"
_UNANSWERED: Final = "unanswered"
_TWO_LINES: Final = '{}<br><span class="text-subtle">{}</span>'
_TENANT: Final = Column(heading="Tenant")


def address(name: str, *, only: str = "") -> str:
    """Of `waiting` or `under_way`, the latter perhaps only of those without an answer."""
    found = reverse(f"admin:payments_payment_{name}")
    return f"{found}?only={only}" if only else found


def unanswered_address() -> str:
    return address("under_way", only=_UNANSWERED)


def urls(model_admin: PaymentAdmin) -> list[URLPattern]:
    return [
        path("waiting/", viewed(model_admin, waiting_page), name="payments_payment_waiting"),
        path("under-way/", viewed(model_admin, under_way_page), name="payments_payment_under_way"),
    ]


def waiting_page(model_admin: PaymentAdmin, request: HttpRequest) -> HttpResponse:
    approvals, beside = cut(request, approvals_pending())
    accounts = accounts_of(approval.payment for approval in approvals)
    columns = (
        Column(heading="Payment"),
        Column(heading="Amount", numeric=True),
        Column(heading="From, to"),
        Column(heading="Asked by, since"),
        Column(heading="Decide"),
    )
    decides = model_admin.has_operate_permission(request)
    panel = Panel(
        title="Who has waited longest comes first",
        columns=columns if may_write() else (_TENANT, *columns),
        rows=[_by_tenant(approval.tenant_id, _approval_row(request, approval, accounts, decides=decides)) for approval in approvals],
        empty="Nothing waits. Payments from the approval threshold of their type on stand here until another person approves them.",
    )
    lead = "Each needs another person than asked for it. No money is set aside before it is approved."
    return show(request, model_admin, title="Waiting for approval", panels=[panel], lead=lead, beside=beside, template=_TEMPLATE)


def under_way_page(model_admin: PaymentAdmin, request: HttpRequest) -> HttpResponse:
    only_unanswered = request.GET.get("only") == _UNANSWERED
    payments, beside = cut(request, payments_without_answer() if only_unanswered else payments_under_way())
    accounts, attempts = accounts_of(payments), latest_attempts(payment.pk for payment in payments)
    columns = (
        Column(heading="Payment"),
        Column(heading="Status"),
        Column(heading="Amount", numeric=True),
        Column(heading="From, to"),
        Column(heading="Carried by"),
        Column(heading="Created, next attempt"),
    )
    panel = Panel(
        title="What is taken up next comes first",
        columns=columns if may_write() else (_TENANT, *columns),
        rows=[_by_tenant(payment.tenant_id, _under_way_row(payment, accounts, attempts)) for payment in payments],
        empty="Every rail has answered."
        if only_unanswered
        else "Nothing is under way. What was set aside has been carried out or released.",
    )
    return show(
        request,
        model_admin,
        title="Under way",
        panels=[panel],
        lead="Their money is set aside. Workers book them, or hand them to a rail and ask it for its answer.",
        beside=beside,
        tabs=[("All", address("under_way"), not only_unanswered), ("No answer", unanswered_address(), only_unanswered)],
        template=_TEMPLATE,
    )


def _by_tenant(tenant_id: str, row: tuple[str, ...]) -> tuple[str, ...]:
    return row if may_write() else (tenant_id, *row)


def _approval_row(request: HttpRequest, approval: PaymentApproval, accounts: Accounts, *, decides: bool) -> tuple[str, ...]:
    payment: Payment = approval.payment
    return (
        _payment_cell(payment),
        amount(payment.amount_minor, payment.currency),
        parties_cell(payment, accounts),
        format_html(_TWO_LINES, who(approval.requested_by, approval.requested_by_person), moment(approval.requested_at)),
        _choices(payment, own=asked_by(approval, actor_of(request))) if decides else NOTHING,
    )


def _under_way_row(payment: Payment, accounts: Accounts, attempts: Mapping[UUID, RailAttempt]) -> tuple[str, ...]:
    attempt = attempts.get(payment.pk)
    told = "" if attempt is None else attempt_badge(attempt)
    return (
        _payment_cell(payment),
        badge(payment.status),
        amount(payment.amount_minor, payment.currency),
        parties_cell(payment, accounts),
        format_html("{}<br>{}", rail_of(payment), told) if told else rail_of(payment),
        format_html(_TWO_LINES, moment(payment.created_at), moment(payment.next_attempt_at)),
    )


def _payment_cell(payment: Payment) -> SafeString:
    shown = record_link("payments_payment_change", payment.pk, short_id("pay", payment.pk))
    return format_html(_TWO_LINES, shown, payment.payment_type)


def _choices(payment: Payment, *, own: bool) -> SafeString:
    """The same as the buttons on its page."""
    names = buttons_of(payment, own=own)
    links = [link(reverse(f"admin:payments_payment_{name}", args=[payment.pk]), name.capitalize()) for name in names]
    joined = format_html_join("\N{NO-BREAK SPACE} ", "{}", ((each,) for each in links))
    return format_html('<span class="text-subtle">Asked by you.</span> {}', joined) if own else joined
