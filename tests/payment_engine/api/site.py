"""A small API of its own for the tests: every way to fail, and operations as the apps declare them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import psycopg
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.db.models import TextChoices
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_engine.api.amounts import AmountInput, CurrencyCode, amount_field
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_REQUIRED, PageOf, endpoint, operation
from payment_engine.api.idempotency import required_key
from payment_engine.api.json import Input, Output, decode_body, json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import Instant, QueryParameter, read_query
from payment_engine.errors import Conflict, NotFound
from payment_engine.ids import parse_id

Colour = Literal["RED", "BLUE"]


class Material(TextChoices):
    WOOD = "WOOD"
    TIN = "TIN"


Metadata = dict[Annotated[str, msgspec.Meta(max_length=40)], Annotated[str, msgspec.Meta(max_length=100)]]
QUERY = (
    QueryParameter(name="colour", type=Colour),
    QueryParameter(name="paws", type=Annotated[int, msgspec.Meta(ge=0, le=8)], ranged=True),
    QueryParameter(name="sold", type=bool),
    QueryParameter(name="maker"),
    QueryParameter(name="material", type=Material),
    QueryParameter(name="day", type=date),
    QueryParameter(name="createdAt", type=Instant, column="created_at", ranged=True),
)
KEYSET = newest_first("toys")


class ToyInput(Input, frozen=True, kw_only=True):
    toy_name: Annotated[str, msgspec.Meta(min_length=1, max_length=35)]
    amount: AmountInput
    currency: CurrencyCode
    colour: Colour = "RED"
    material: Material = Material.WOOD
    metadata: Metadata = {}
    note: Annotated[str, msgspec.Meta(max_length=140)] | None = None


class Toy(Output, frozen=True, kw_only=True):
    toy_name: str
    material: Material = Material.TIN
    amount_minor: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FakePrincipal:
    scopes: frozenset[str]


def principal_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands for the tenant middleware: the scopes come in a header instead of a token."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if (scopes := request.META.get("HTTP_X_SCOPES")) is not None:
            request.principal = FakePrincipal(scopes=frozenset(scopes.split()))  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


@operation(
    operation_id="createToy",
    summary="Make a toy",
    tag="toys",
    scopes=("payments:write",),
    body=ToyInput,
    answers={201: Toy},
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
)
def create_toy(request: HttpRequest) -> HttpResponse:
    """Makes one, or says why not."""
    required_key(request)
    body = decode_body(request, ToyInput)
    minor = amount_field(body.amount, body.currency)
    return json_response(
        Toy(toy_name=body.toy_name, material=body.material, amount_minor=minor, created_at=datetime(2026, 1, 2, tzinfo=UTC)), 201
    )


TOYS = [(datetime(2026, 1, 1, 0, 0, number // 2, tzinfo=UTC), UUID(int=number)) for number in range(5)][::-1]


@operation(operation_id="listToys", summary="Toys", tag="toys", scopes=("payments:read",), query=QUERY, answers={200: PageOf(item=Toy)})
def list_toys(request: HttpRequest) -> HttpResponse:
    read_query(request, *QUERY, paged=True)
    page = page_parameters(request, KEYSET)
    rows = [row for row in TOYS if page.after is None or row < page.after][: page.limit + 1]
    body = page_body(page, rows, key=lambda row: row, render=lambda row: Toy(toy_name=row[1].hex, amount_minor=1, created_at=row[0]))
    return json_response(body)


@operation(operation_id="getToy", summary="One toy", tag="toys", public=True, path={"toy_id": id_schema("toy")}, answers={200: Toy})
def get_toy(request: HttpRequest, toy_id: str) -> HttpResponse:
    parse_id("toy", toy_id)
    raise NotFound("there is no such toy")


class BearSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=5)
    paws = serializers.ListField(child=serializers.IntegerField())


class BearView(APIView):
    required_scopes = {"GET": ("config:read",), "POST": ("config:write",)}
    serializer_class = BearSerializer

    def get(self, _request: Request) -> Response:
        return Response({"name": "Bruno", "paws": []})

    def post(self, request: Request) -> Response:
        serializer = BearSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.validated_data)


class ClosedView(APIView):
    serializer_class = BearSerializer

    def get(self, _request: Request) -> Response:
        return Response({})


def failing(make: Callable[[], Exception]) -> Callable[[HttpRequest], HttpResponse]:
    def view(_request: HttpRequest) -> HttpResponse:
        raise make()

    return view


def _lost_connection() -> Exception:
    error = OperationalError("consuming input failed: server closed the connection unexpectedly")
    error.__cause__ = psycopg.OperationalError("server closed the connection unexpectedly")
    return error


def oauth_refusal(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"error": "invalid_client"}, status=401)


FAILURES: dict[str, Callable[[], Exception]] = {
    "conflict": lambda: Conflict("already there", payment="pay_1"),
    "missing": Http404,
    "denied": PermissionDenied,
    "suspicious": lambda: SuspiciousOperation("bad host"),
    "bug": lambda: ZeroDivisionError("secret-value"),
    "lost": _lost_connection,
    "deadlock": lambda: psycopg.errors.DeadlockDetected("deadlock"),
    "lock": lambda: psycopg.errors.LockNotAvailable("lock timeout"),
    "rls": lambda: psycopg.errors.InsufficientPrivilege("new row violates row-level security policy"),
    "unique": lambda: psycopg.errors.UniqueViolation("duplicate key"),
    "data": lambda: psycopg.DataError("NUL"),
    "syntax": lambda: psycopg.errors.SyntaxError("bug"),
}

urlpatterns = [
    path("api/v1/", include("payment_engine.api.urls")),
    path("api/v1/toys", endpoint(GET=list_toys, POST=create_toy)),
    path("api/v1/toys/<str:toy_id>", endpoint(GET=get_toy)),
    path("api/v1/bears", BearView.as_view()),
    path("api/v1/closed", ClosedView.as_view()),
    path("oauth2/token", oauth_refusal),
    path("elsewhere/conflict", failing(FAILURES["conflict"])),
    *(path(f"api/v1/failures/{name}", failing(make)) for name, make in FAILURES.items()),
]
