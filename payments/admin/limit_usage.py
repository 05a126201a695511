"""How much an account has used of its limits, as bars."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import Account
from accounts.panels import account_label
from config_mgmt.admin.cells import bar
from payment_engine.clock import now
from payments.models import PaymentType
from payments.queries.limit_usage import LimitUse, limits_of_account
from payments.velocity import EVERY_TYPE
from tenants.portal.cells import NOTHING, Column, Panel, grouped_amount, moment
from tenants.portal.forms import OperationForm, RecordField
from tenants.portal.model_admin import PortalModelAdmin, may_write

_FULL: Final = 100
_NEARLY: Final = 80


class AccountForm(OperationForm):
    """Whose limits are looked at."""

    account = RecordField(queryset=Account.objects.all(), picker="accounts_account", label_of=account_label, label="Account")


def usage_page(request: HttpRequest, model_admin: PortalModelAdmin[PaymentType]) -> HttpResponse:
    """Of one account, every limit that is in force."""
    form = AccountForm(request.GET if "account" in request.GET else None)
    panels = []
    if may_write() and form.is_valid():
        empty = "Nothing limits how much or how often this account pays, besides what a single payment may be."
        usage = limits_of_account(form.cleaned_data["account"], now())
        panels.append(usage_panel(usage, title="Used of the limits, up to now", empty=empty))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": "Usage of limits",
        "media": form.media,
        "form": form,
        "panels": panels,
    }
    return TemplateResponse(request, "portal/payment_types/usage.html", context)


def usage_panel(usage: list[LimitUse], *, title: str, empty: str) -> Panel:
    return Panel(
        title=title,
        columns=tuple(Column(heading=heading) for heading in ("Payment type", "In one", "Payments", "Amount", "Starts again at (UTC)")),
        rows=[
            (
                "All types together" if use.counted_as == EVERY_TYPE else use.counted_as,
                use.window.value.lower(),
                _payments(use),
                _amount(use),
                moment(use.ends_at),
            )
            for use in usage
        ],
        empty=empty,
    )


def _payments(use: LimitUse) -> SafeString | str:
    if use.max_count is None:
        return NOTHING
    return _bar(use.percent_of_count, f"{use.used.count:,} of {use.max_count:,}")


def _amount(use: LimitUse) -> SafeString | str:
    if use.max_minor is None:
        return NOTHING
    used, most = (grouped_amount(minor, use.currency) for minor in (use.used.amount_minor, use.max_minor))
    return _bar(use.percent_of_amount, f"{used} of {most} {use.currency}")


def _bar(percent: int, text: str) -> SafeString:
    """All of one length, the words below, so that rows can be compared."""
    return format_html('<div class="pt-bar">{}</div>', bar(percent, text, tone=_tone(percent)))


def _tone(percent: int) -> str:
    if percent >= _FULL:
        return "danger"
    return "warning" if percent >= _NEARLY else ""
