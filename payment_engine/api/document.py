"""GET /api/v1/schema (JSON, or YAML by `format` or Accept) and /api/v1/docs. The document is made once per process."""

from functools import cache
from typing import Final, Literal

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.clickjacking import xframe_options_deny
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from payment_engine.api import openapi  # noqa: F401 its authentication scheme must be registered before a document is made
from payment_engine.api.endpoints import other_method
from payment_engine.api.etags import content_etag, not_modified
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.content_policy import DOCS_POLICY, HEADER

SCHEMA_URL = "/api/v1/schema?format=json"
Format = Literal["json", "yaml"]
_READING: Final = frozenset({"GET", "HEAD"})
_ALLOW: Final = "GET, HEAD, OPTIONS"
_FORMAT = QueryParameter(name="format", type=Format)
_RENDERERS = {"json": (OpenApiJsonRenderer, "application/json"), "yaml": (OpenApiYamlRenderer, "application/yaml")}


@cache
def rendered_document(wanted: Format) -> bytes:
    renderer, _ = _RENDERERS[wanted]
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # drf-spectacular is typed in part
    rendered = renderer().render(document)
    return rendered if isinstance(rendered, bytes) else rendered.encode()


def schema_view(request: HttpRequest) -> HttpResponse:
    if request.method not in _READING:
        return other_method(request, _ALLOW)
    criteria = read_query(request, _FORMAT)
    wanted: Format = criteria[0].value if criteria else ("yaml" if "yaml" in request.META.get("HTTP_ACCEPT", "") else "json")
    body = rendered_document(wanted)
    etag = content_etag(body)
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept"}
    return not_modified(request, etag) or HttpResponse(body, content_type=_RENDERERS[wanted][1], headers=headers)


_page: Final = SpectacularSwaggerSplitView.as_view(url=SCHEMA_URL, authentication_classes=[], permission_classes=[])


@xframe_options_deny
def docs_view(request: HttpRequest) -> HttpResponseBase:
    """A page on the portal's origin, with its script at an address of its own (`?script=`), so that none stands in the page."""
    if request.method not in _READING:
        return other_method(request, _ALLOW)
    response = _page(request)
    response.headers[HEADER] = DOCS_POLICY
    return response
