"""Tenants are taken on and changed as in the API: with history, event and life cycle."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldAdminTextInputWidget

from config_mgmt.admin.request import actor_of
from config_mgmt.operations.tenants import change_tenant, next_statuses, take_on_tenant
from config_mgmt.tenant_orders import TenantChanges, TenantOrder
from payment_engine.errors import EngineError
from tenants.admin.tenants import TenantAdmin
from tenants.models import Tenant
from tenants.profiles import TenantProfile

_PROFILE = ("environment", "company_name", "address", "city", "state", "country", "time_zone", "currency", "region")


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in its stubs only
    """Offers the steps that the life cycle has from here."""

    reason = forms.CharField(
        required=False, max_length=500, widget=UnfoldAdminTextInputWidget(), help_text="Why: it stands in the tenant's history"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Django's signature
        super().__init__(*args, **kwargs)
        if "status" in self.fields:
            statuses = [self.instance.status, *next_statuses(self.instance)]
            self.fields["status"].choices = [(status, Tenant.Status(status).label) for status in statuses]  # type: ignore[attr-defined]


@admin.register(Tenant)
class ConfiguredTenantAdmin(TenantAdmin):
    form = TenantForm
    fieldsets = (
        (None, {"fields": (("name", "status"), ("tenant_type", "tier"), "reason")}),
        (
            "Profile",
            {"fields": (("environment", "region"), "company_name", "address", ("city", "state"), ("country", "time_zone", "currency"))},
        ),
        ("Fixed", {"fields": (("slug", "reference"), ("placement", "created"))}),
    )

    def take_on(self, request: HttpRequest, values: dict[str, Any]) -> Tenant:
        return take_on_tenant(order=TenantOrder(**values), actor=actor_of(request))[0]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401  # Django's signature
        """What the operation refuses is told on the page that was sent."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except EngineError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.path)
        return answer

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:  # noqa: ANN401
        said = {name: form.cleaned_data[name] for name in form.changed_data if name != "reason"}
        changes = TenantChanges(
            name=said.get("name"),
            tenant_type=said.get("tenant_type"),
            tier=said.get("tier"),
            status=said.get("status"),
            profile=TenantProfile(**{name: value for name, value in said.items() if name in _PROFILE}),
        )
        change_tenant(slug=obj.slug, changes=changes, actor=actor_of(request), reason=form.cleaned_data.get("reason", ""))
