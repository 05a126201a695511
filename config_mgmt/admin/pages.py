"""The frame of every page of configuration: what it shows, and the question it asks before anything is changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from config_mgmt.admin.cells import diff_rows
from config_mgmt.admin.forms import ChangeForm, ConfigForm
from config_mgmt.models import ConfigVersion
from payment_engine.api.json import Json
from payment_engine.errors import EngineError
from tenants.portal.cells import Column, Panel
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin, may_write
from tenants.portal.paginator import LAST_PAGE

M = TypeVar("M", bound=Model)
VersionAdmin = ReadOnlyTenantModelAdmin[ConfigVersion]


class Operated(Protocol):
    """A model admin whose rows some people see and some of them operate: a tenant's, or the registry's."""

    admin_site: Any

    def has_view_permission(self, request: HttpRequest) -> bool: ...

    def has_operate_permission(self, request: HttpRequest) -> bool: ...


Page = Callable[..., HttpResponse]
ROWS_PER_PAGE: Final = 50
_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    text: str
    url: str
    dangerous: bool = False
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The difference a change makes, as a table with before and after. `origin` is where the value before comes from."""

    rows: Sequence[tuple[str, Any, Any]]
    origin: SafeString | str = ""

    @classmethod
    def of(cls, before: Json, after: Json, *, origin: SafeString | str = "") -> "Diff":
        return cls(rows=tuple(diff_rows(before, after)), origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page asks before it changes anything. `dangerous` colours the button; without one nothing can be sent.

    `origin` is where the value comes from that the form of a change starts with.
    """

    title: str
    button: str
    explanation: str = ""
    dangerous: bool = False
    diff: Diff | None = None
    origin: SafeString | str = ""
    template: str = "portal/config/change.html"
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """A page and its address below the change list. `changes`: only for those who may change something."""

    name: str
    address: str
    view: Page
    changes: bool = False


def url_of(name: str, *args: object, **query: str) -> str:
    """Of one of the pages of configuration, such as `settings`."""
    address = reverse(f"admin:config_mgmt_{name}", args=args)
    return f"{address}?{urlencode(query)}" if query else address


def page_of_version(version: ConfigVersion, button: str = "change") -> str:
    return reverse(f"admin:config_mgmt_configversion_{button}", args=[version.pk])


def viewed(model_admin: Operated, page: Page) -> Page:
    """For everybody who may see configuration."""

    def view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        return page(model_admin, request, *args, **kwargs)

    return model_admin.admin_site.admin_view(view)  # type: ignore[no-any-return]  # django-unfold ships no types


def operated(model_admin: Operated, page: Page) -> Page:
    """For those who may change it, with one tenant in context."""

    def view(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not model_admin.has_operate_permission(request):
            raise PermissionDenied
        return page(model_admin, request, *args, **kwargs)

    return model_admin.admin_site.admin_view(view)  # type: ignore[no-any-return]  # as above


def show(
    request: HttpRequest,
    model_admin: Operated,
    *,
    title: str,
    panels: Iterable[Panel] = (),
    links: Iterable[Link] = (),
    template: str = "portal/config/page.html",
    **context: Any,  # noqa: ANN401  # what the template asks for
) -> HttpResponse:
    """A page to look at; its links lead to questions and stand there only for those who may answer them."""
    return TemplateResponse(
        request,
        template,
        {
            **model_admin.admin_site.each_context(request),
            "title": title,
            "panels": list(panels),
            "links": list(links) if model_admin.has_operate_permission(request) else [],
            **context,
        },
    )


def ask(
    request: HttpRequest, model_admin: Operated, question: Question, *, form: ConfigForm, back: str, run: Callable[[], HttpResponse]
) -> HttpResponse:
    """Show the form; when it is sent, valid and (for a ChangeForm) what it does has been shown, answer what `run` answers.

    A refusal is shown in the form; of one that nothing in the form can cure, the answer is 403.
    """
    status, diff = 200, question.diff
    if request.method == "POST" and form.is_valid():
        if isinstance(form, ChangeForm) and request.POST.get("shown") != form.fingerprint:
            diff = Diff.of(form.before, form.after, origin=question.origin)
        else:
            try:
                return run()
            except EngineError as error:
                form.refuse(error)
                status = _FORBIDDEN if error.status == _FORBIDDEN else 200
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question.title,
        "form": form,
        "media": form.media,
        "question": question,
        "diff": diff,
        "back": back,
        **question.context,
    }
    return TemplateResponse(request, question.template, context, status=status)


def facts(*rows: tuple[str, Any]) -> Panel:
    """A page's first table: names and values."""
    return Panel(title="Now", columns=(Column(heading=""), Column(heading="")), rows=rows, empty="")


def cut(request: HttpRequest, rows: QuerySet[M]) -> tuple[list[M], dict[str, str]]:
    """One page of them, uncounted, and the addresses of the pages beside it."""
    number = _page_number(request)
    start = (number - 1) * ROWS_PER_PAGE
    found = list(rows[start : start + ROWS_PER_PAGE + 1])
    beside = {}
    if number > 1:
        beside["previous"] = _with_page(request, number - 1)
    if len(found) > ROWS_PER_PAGE and number < LAST_PAGE:
        beside["next"] = _with_page(request, number + 1)
    return found[:ROWS_PER_PAGE], beside


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("p", "1")
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 6 else 1  # noqa: PLR2004  # digits


def _with_page(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["p"] = str(number)
    return f"?{query.urlencode()}"


def across_tenants() -> bool:
    """Platform staff who chose no tenant: they see what all tenants of the pool have of their own."""
    return not may_write()
