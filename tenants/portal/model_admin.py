"""The model admins everything in the portal derives from: tenants' rows, registry rows, and what nobody sees.

Which rows exist is row-level security's decision, not theirs: see tenants.middleware. Theirs is who may press which button.
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.utils import quote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import InvalidPage, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from payment_engine.errors import NotFound
from payment_engine.ids import parse_id, public_id
from tenants.context import POOL_SCHEMA, current_scope
from tenants.models import StaffUser, TenantModel
from tenants.portal.cells import NOTHING, Panel, short_id
from tenants.portal.paginator import UncountedPaginator
from tenants.registry import all_tenants

M = TypeVar("M", bound=Model)
R = TypeVar("R", bound=TenantModel)


def is_platform(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, StaffUser) and user.is_active and user.is_platform


def may_write() -> bool:
    """True with one tenant in context. Platform staff who look at all of them only read."""
    scope = current_scope()
    return scope is not None and scope.tenant_id is not None


def is_suspended(request: HttpRequest) -> bool:
    """True for people of a suspended tenant: they read, and tenants.middleware refuses the rest. The platform's staff still act for it."""
    return bool(getattr(request, "tenant_suspended", False))


def may_change(request: HttpRequest) -> bool:
    """Whether buttons and forms that change something are shown at all."""
    return may_write() and not is_suspended(request)


class _ChangeList(ChangeList):  # type: ignore[misc]  # django-unfold ships no types
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count  # nothing is counted, so nothing is said about a total
        self.model_admin.prepare_rows(self.result_list)


class PortalModelAdmin(ModelAdmin, Generic[M]):  # type: ignore[misc]  # as above
    """Nothing is deleted here, no table is counted, and the log of what people did holds ids, not names."""

    actions = None
    paginator = UncountedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    list_fullwidth = True
    empty_value_display = NOTHING
    linked_by: ClassVar[Sequence[str]] = ()
    """Fields that links of other pages filter by, besides `list_filter`."""
    nothing_yet: ClassVar[str] = ""
    """Said where the list is empty and nobody searched or filtered: how its first row comes about."""
    change_form_outer_after_template = "portal/panels.html"

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[_ChangeList]:
        return _ChangeList

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, **options: Any) -> Paginator:  # type: ignore[type-arg]  # noqa: ANN401
        """A row's history is short, and its page says how many entries there are."""
        kind = Paginator if getattr(queryset, "model", None) is LogEntry else self.paginator
        return kind(queryset, per_page, **options)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """What the page itself offers. By any other column a list would tell letter by letter what it does not show."""
        filters = self.get_list_filter(request)
        own = {each.parameter_name for each in filters if isinstance(each, type) and issubclass(each, SimpleListFilter)}
        fields = {each[0] if isinstance(each, tuple) else each for each in filters} | {*self.linked_by}
        field, _, comparison = lookup.partition("__")
        return lookup in own or (field in fields and comparison in {"", "exact", "id__exact", "isnull", "isempty"})

    def prepare_rows(self, rows: list[M]) -> None:
        """Read what the whole page needs of other tables, once."""

    def panels(self, record: M) -> list[Panel]:
        """Tables below a row's own fields."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        record = self.get_object(request, object_id)
        panels = self.panels(record) if record is not None and self.has_view_permission(request, record) else []
        answer: HttpResponse = super().change_view(request, object_id, form_url, {"panels": panels, **(extra_context or {})})
        return answer

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def change_url(self, record: Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(record.pk)])

    @property
    def changelist_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def log_addition(self, request: HttpRequest, obj: M, message: object) -> LogEntry:
        return self._log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: M, message: object) -> LogEntry:
        return self._log(request, obj, CHANGE, message)

    def _log(self, request: HttpRequest, obj: M, flag: int, message: object) -> LogEntry:
        return LogEntry.objects.create(
            user=cast("StaffUser", request.user),
            content_type=ContentType.objects.get_for_model(obj, for_concrete_model=False),
            object_id=str(obj.pk),
            object_repr=self.name_in_log(obj),
            action_flag=flag,
            change_message=message if isinstance(message, str) else json.dumps(message),
        )

    def name_in_log(self, obj: M) -> str:
        return str(obj.pk)


class TenantModelAdmin(PortalModelAdmin[R]):
    """Rows of the tenant in context, newest first; across all tenants of the pool only to look at."""

    id_prefix: ClassVar[str]
    newest_first: ClassVar[Sequence[str]] = ("-created_at", "-id")  # where the tenant has an index on it; else by id
    search_fields: Sequence[str] = ("pk",)  # shows the search box; `matching` says what is searched
    list_before_template = "portal/read_only_hint.html"
    change_form_outer_before_template = "portal/read_only_hint.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_change(request) and bool(super().has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_change(request) and bool(super().has_change_permission(request, obj))

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """May this person press the buttons of a row whose fields nobody edits?"""
        return may_change(request) and request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        columns: Sequence[Any] = super().get_list_display(request)
        return columns if may_write() else (columns[0], "tenant", *columns[1:])

    def get_list_filter(self, request: HttpRequest) -> Sequence[Any]:
        filters: Sequence[Any] = super().get_list_filter(request)
        return filters if may_write() else (TenantFilter, *filters)

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return self.newest_first if may_write() else ("-id",)  # ids are time-ordered, and across tenants they have the index

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=parse_id(self.id_prefix, term.lower())), False
        except NotFound:
            return queryset.filter(self.matching(term)), False

    def matching(self, term: str) -> Q:
        """The rows somebody may mean who types `term`, which is not an id."""
        return Q(pk__in=[])

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_pick"
        return [path("pick/", self.admin_site.admin_view(self.pick_view), name=name), *super().get_urls()]

    def pick_view(self, request: HttpRequest) -> JsonResponse:
        """What a form's picker offers (see tenants.portal.forms.RecordField): `{"results": [{"id", "text"}], "pagination"}`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found, _ = self.get_search_results(request, self.pickable(self.get_queryset(request)), request.GET.get("term", "")[:140])
        try:
            page = UncountedPaginator(found.order_by("-id"), 20).page(request.GET.get("page", 1))
        except InvalidPage as error:
            raise Http404 from error
        results = [{"id": str(record.pk), "text": self.pick_label(record)} for record in page.object_list]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})

    def pick_label(self, record: R) -> str:
        return str(record)

    def pickable(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset

    def name_in_log(self, obj: R) -> str:
        return f"{public_id(self.id_prefix, obj.pk)} ({obj.tenant_id})"

    @admin.display(description="Tenant")
    def tenant(self, record: R) -> str:
        return format_html('<span class="portal-id">{}</span>', record.tenant_id)

    @admin.display(description="Id")
    def public_id(self, record: R) -> str:
        return public_id(self.id_prefix, record.pk)

    @admin.display(description="Id")
    def short_id(self, record: R) -> str:
        return short_id(self.id_prefix, record.pk)


class ReadOnlyTenantModelAdmin(TenantModelAdmin[R]):
    """Rows that only operations make and change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TenantFilter(admin.SimpleListFilter):
    """Of the tenants that share the pool; a tenant with a schema of its own is looked at by acting for it."""

    title = "tenant"
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(tenant.slug, tenant.name) for tenant in all_tenants() if tenant.schema == POOL_SCHEMA]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(tenant_id=self.value()) if self.value() else queryset


class OwnerFilter(admin.SimpleListFilter):
    """Of rows of the registry: any tenant, wherever it is placed, or none."""

    title = "tenant"
    parameter_name = "tenant"
    _nobody = "-"  # no tenant's slug

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [*((tenant.slug, tenant.name) for tenant in all_tenants()), (self._nobody, "None: the platform")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == self._nobody:
            return queryset.filter(tenant=None)
        return queryset.filter(tenant=self.value()) if self.value() else queryset


class RegistryModelAdmin(PortalModelAdmin[M]):
    """Rows of the registry: platform staff only, whatever permissions anybody was given."""

    change_form_outer_after_template = "portal/panels.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_platform(request) and bool(super().has_module_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_platform(request) and bool(super().has_view_permission(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_platform(request) and bool(super().has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_platform(request) and bool(super().has_change_permission(request, obj))

    def has_operate_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return is_platform(request) and request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


class HiddenModelAdmin(PortalModelAdmin[Model]):
    """For models that packages register and nobody has business with here, such as issued tokens."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
