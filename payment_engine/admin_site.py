"""What the portal says on every page and on its first one. Named in portal_settings.py."""

from functools import cache
from typing import Any, Final

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account
from accounts.panels import account_link
from payment_engine.observability.health import check_readiness
from payment_engine.portal_settings import HOME, PAYMENTS, SIDEBAR, WAITING
from payments.admin import work_lists
from payments.admin.payment_cells import accounts_of, parties_cell
from payments.models import Payment
from payments.queries.todays_payments import MOST, sums_of_todays_payments
from payments.queries.waiting import Backlog, approvals_backlog, unanswered_backlog, under_way_backlog
from tenants.context import current_scope
from tenants.models import Tenant
from tenants.portal.cells import NOTHING, Column, Panel, amount, badge, link, moment, record_link, short_id
from tenants.portal.model_admin import is_platform as _is_platform
from tenants.portal.model_admin import is_suspended, may_write
from tenants.registry import all_tenants, tenant_by_slug

SHOWN: Final = 10
SHOWN_NAME: Final = 30
MOST_IN_SIDEBAR: Final = 99


def is_platform(request: HttpRequest) -> bool:
    return _is_platform(request)


def sees_tenants_rows(request: HttpRequest) -> bool:
    return request.user.has_perm("payments.view_payment")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What this person may open: groups of entries, each with its address and whether the request is there."""
    seen = {None: True, "is_platform": is_platform(request), "sees_tenants_rows": sees_tenants_rows(request)}
    groups = [{**group, "items": [_entry(request, item) for item in group["items"] if seen[item.get("permission")]]} for group in SIDEBAR]
    return [group for group in groups if group["items"]]


def _entry(request: HttpRequest, item: dict[str, Any]) -> dict[str, Any]:
    address = _address(item["page"])
    return {
        "title": item["title"],
        "icon": item["icon"],
        "link": address,
        "active": _is_at(request, item["page"], address),
        "count": how_many_wait(request) if item["page"] == WAITING else "",
    }


def _is_at(request: HttpRequest, page: str, address: str) -> bool:
    """The lists of what waits stand below the address of payments, and have an entry of their own."""
    if page == HOME:
        return request.path == address
    if page == PAYMENTS and request.path in (work_lists.address("waiting"), work_lists.address("under_way")):
        return False
    return request.path.startswith(address)


@cache
def _address(page: str) -> str:
    return reverse(page)


def how_many_wait(request: HttpRequest) -> str:
    """For approval, beside the sidebar's entry; nothing where nothing does."""
    backlog = approvals_backlog(MOST_IN_SIDEBAR) if may_write() and sees_tenants_rows(request) else Backlog()
    return backlog.in_words if backlog.count else ""


def whose_rows(_request: HttpRequest) -> str:
    """Under the product's name: whose rows this page shows."""
    scope = current_scope()
    if scope is None:
        return ""
    return "All tenants, read only" if scope.tenant_id is None else tenant_by_slug(scope.tenant_id).name


def tenants_to_choose(request: HttpRequest) -> dict[str, Any]:
    """For the tenant picker, and the hint that nothing can be changed: across tenants, or by people of a suspended one."""
    scope = current_scope()
    chosen = scope.tenant_id if scope is not None else None
    return {
        "portal_read_only": scope is not None and not may_write(),
        "portal_suspended": is_suspended(request),
        "portal_tenant": chosen,
        "portal_tenants": all_tenants() if _is_platform(request) else None,
    }


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    panels = [*_tenant_panels()] if may_write() else [_health_panel(), _tenants_panel()]
    return {**context, "title": "Dashboard", "panels": [*panels, _actions_panel(request)]}


def _tenant_panels() -> list[Panel]:
    return [_waiting_panel(), _today_panel(), _latest_panel(), _frozen_panel()]


def _waiting_panel() -> Panel:
    backlogs = (
        ("Waiting for approval", work_lists.address("waiting"), approvals_backlog()),
        ("Under way", work_lists.address("under_way"), under_way_backlog()),
        ("Under way, and the rail left no answer", work_lists.unanswered_address(), unanswered_backlog()),
    )
    return Panel(
        title="What waits",
        columns=(Column(heading="For what"), Column(heading="Payments", numeric=True), Column(heading="The oldest since")),
        rows=[(link(url, name), backlog.in_words, moment(backlog.oldest_at)) for name, url, backlog in backlogs if backlog.count],
        empty="Nothing waits: no payment needs an approval, and none is under way.",
    )


def _today_panel() -> Panel:
    sums = sums_of_todays_payments()
    most = sum(row.count for row in sums) >= MOST
    return Panel(
        title=f"Payments today (the newest {MOST:,})" if most else "Payments today",
        columns=(Column(heading="Status"), Column(heading="Payments", numeric=True), Column(heading="Sum", numeric=True)),
        rows=[(badge(row.status), f"{row.count:,}", amount(row.amount_minor, row.currency)) for row in sums],
        empty="No payments yet today. They appear here as soon as the API or a pain.001 file brings the first one.",
        more=(reverse("admin:payments_payment_changelist"), "All payments"),
    )


def _latest_panel() -> Panel:
    payments = list(Payment.objects.order_by("-created_at", "-id")[:SHOWN])
    accounts = accounts_of(payments)
    return Panel(
        title="Latest payments",
        columns=(
            Column(heading="Created"),
            Column(heading="Payment"),
            Column(heading="Status"),
            Column(heading="Amount", numeric=True),
            Column(heading="From, to"),
        ),
        rows=[
            (
                moment(payment.created_at),
                record_link("payments_payment_change", payment.pk, short_id("pay", payment.pk)),
                badge(payment.status),
                amount(payment.amount_minor, payment.currency),
                parties_cell(payment, accounts),
            )
            for payment in payments
        ],
        empty="There are no payments. The API documentation at /api/v1/docs shows how to make the first one.",
        more=(reverse("admin:payments_payment_changelist"), "All payments"),
    )


def _frozen_panel() -> Panel:
    frozen = Account.objects.filter(status=Account.Status.FROZEN).order_by("-id")[:SHOWN]
    return Panel(
        title="Frozen accounts",
        columns=(Column(heading="Account"), Column(heading="Name"), Column(heading="Booked", numeric=True)),
        rows=[(account_link(account), account.name, amount(account.booked_minor, account.currency)) for account in frozen],
        empty="No account is frozen. A frozen account takes no payments in or out until somebody unfreezes it.",
        more=(f"{reverse('admin:accounts_account_changelist')}?status__exact=FROZEN", "All frozen accounts"),
    )


def _tenants_panel() -> Panel:
    tenants = Tenant.objects.select_related("placement").order_by("-created_at", "slug")[:SHOWN]
    return Panel(
        title="Newest tenants",
        columns=(
            Column(heading="Tenant"),
            Column(heading="Number"),
            Column(heading="Status"),
            Column(heading="Tier"),
            Column(heading="Placement"),
            Column(heading="Since"),
        ),
        rows=[
            (
                record_link("tenants_tenant_change", tenant.slug, tenant.name),
                tenant.reference,
                badge(tenant.status, tenant.get_status_display()),
                tenant.get_tier_display(),
                tenant.schema,
                moment(tenant.created_at),
            )
            for tenant in tenants
        ],
        empty="There are no tenants. Add the first one from the tenants page.",
        more=(reverse("admin:tenants_tenant_changelist"), "All tenants"),
    )


def _health_panel() -> Panel:
    ready, verdicts = check_readiness()
    return Panel(
        title="Ready for payments" if ready else "Not ready for payments",
        columns=(Column(heading="Check"), Column(heading="Verdict")),
        rows=[(name.capitalize(), badge(verdict)) for name, verdict in verdicts.items()],
        empty="No checks are registered in this process.",
    )


def _actions_panel(request: HttpRequest) -> Panel:
    """What the person who looks did last, with what the log says of it."""
    entries = LogEntry.objects.filter(user_id=request.user.pk).select_related("content_type").order_by("-action_time", "-id")[:SHOWN]
    return Panel(
        title="What you did last",
        columns=(Column(heading="When"), Column(heading="What was done"), Column(heading="To")),
        rows=[(moment(entry.action_time), entry.get_change_message(), _acted_on(entry)) for entry in entries],
        empty="Nothing yet.",
    )


def _acted_on(entry: LogEntry) -> SafeString:
    kind = entry.content_type.name.capitalize() if entry.content_type else NOTHING
    name, _, _tenant = entry.object_repr.partition(" (")
    shown = name if len(name) <= SHOWN_NAME else f"{name[:13]}…{name[-6:]}"
    url = entry.get_admin_url()
    told = link(url, shown) if url else shown
    return format_html('{} <span class="portal-id" title="{}">{}</span>', kind, entry.object_repr, told)
