"""Tenants and placements, and which tenant platform staff act for."""

import logging
from abc import abstractmethod
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants import registry
from tenants.errors import TenantUnknown
from tenants.middleware import ACTING_TENANT
from tenants.models import Domain, Placement, Tenant
from tenants.naming import LONGEST_SLUG
from tenants.portal.cells import badge, moment
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import RegistryModelAdmin, is_platform

_log = logging.getLogger(__name__)
_FIELDS_OF_MEMBERS: Final = {"tenant_id": "slug", "tenant_name": "name", "subscription_tier": "tier"}


class NewTenantForm(OperationForm):
    fields_of_codes: ClassVar[dict[str, str]] = {"tenant_exists": "slug", "validation_failed": "slug"}

    slug = forms.CharField(
        max_length=LONGEST_SLUG,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Never changes. Lowercase letters, digits, single hyphens: demo-bank",
    )
    name = forms.CharField(max_length=140, widget=UnfoldAdminTextInputWidget())
    tenant_type = forms.ChoiceField(choices=Tenant.Type.choices, widget=UnfoldAdminSelectWidget())
    tier = forms.ChoiceField(choices=Tenant.Tier.choices, initial=Tenant.Tier.STANDARD, widget=UnfoldAdminSelectWidget())

    def _field(self, name: str | None) -> str | None:
        return super()._field(_FIELDS_OF_MEMBERS.get(name or "", name))


class DomainInline(TabularInline):  # type: ignore[misc]  # django-unfold ships no types
    model = Domain
    extra = 0
    can_delete = True
    verbose_name_plural = "Host names that mean this tenant"


class TenantAdmin(RegistryModelAdmin[Tenant]):
    """What is shown, and whom platform staff act for. What changes a tenant is configuration: config_mgmt.admin.tenants."""

    list_display = ("name", "slug", "reference", "tenant_type", "tier", "standing", "placement", "created")
    list_filter = ("status", "tier")
    list_select_related = ("placement",)
    search_fields = ("slug", "name", "reference")
    ordering = ("slug",)
    readonly_fields = ("slug", "reference", "placement", "created")
    inlines = (DomainInline,)

    @admin.display(description="Status")
    def standing(self, tenant: Tenant) -> SafeString:  # `state` is a part of its address
        return badge(tenant.status, tenant.get_status_display())

    @admin.display(description="Created")
    def created(self, tenant: Tenant) -> str:
        return moment(tenant.created_at)

    @abstractmethod
    def take_on(self, request: HttpRequest, values: dict[str, Any]) -> Tenant:
        """The tenant that the form asks for."""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            tenant = self.take_on(request, values)
            self.log_addition(request, tenant, "Created.")
            return done(request, f"{tenant.name} is {tenant.reference}.", self.change_url(tenant))

        return operation_page(
            request,
            self,
            form=NewTenantForm(request.POST or None),
            title="Add tenant",
            button="Create tenant",
            run=run,
            explanation="The tenant shares the pool, kept apart by row-level security. One with a schema of its own needs the owner's "
            "database login: manage.py onboard_tenant.",
        )

    def get_urls(self) -> list[URLPattern]:
        act = path("act/", self.admin_site.admin_view(self.act_view), name="tenants_tenant_act")
        return [act, *super().get_urls()]

    def act_view(self, request: HttpRequest) -> HttpResponse:
        """Choose the tenant platform staff see and act for from the next request on; none: read across all of them."""
        if not is_platform(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        slug = request.POST.get("tenant", "")
        try:
            tenant = registry.tenant_by_slug(slug) if slug else None
        except TenantUnknown as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(reverse("admin:index"))
        left = request.session.pop(ACTING_TENANT, None)
        if tenant is not None:
            request.session[ACTING_TENANT] = tenant.slug
            self.log_change(request, Tenant.objects.get(pk=tenant.slug), "Acts for this tenant in the portal.")
        elif left:
            self.log_change(request, Tenant.objects.get(pk=left), "No longer acts for this tenant in the portal.")
        _log.info("platform staff chose a tenant", extra={"staff_user": request.user.pk, "for_tenant": slug or None, "left_tenant": left})
        return HttpResponseRedirect(reverse("admin:index"))


@admin.register(Placement)
class PlacementAdmin(RegistryModelAdmin[Placement]):
    list_display = ("schema_name", "tenants", "created")
    ordering = ("schema_name",)
    fields = ("schema_name", "created")
    readonly_fields = ("created",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        placements: QuerySet[Placement] = super().get_queryset(request).annotate(tenant_count=Count("tenants"))
        return placements

    @admin.display(description="Tenants")
    def tenants(self, placement: Any) -> int:  # noqa: ANN401  # annotated in get_queryset
        return int(placement.tenant_count)

    @admin.display(description="Created")
    def created(self, placement: Placement) -> str:
        return moment(placement.created_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False
