"""/config/tenants/{id}/payment-types: payment types, their versions, and how they come into force."""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from events.answers import Answer
from events.api.answers import answered_once, json_answer, location
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.errors import StaleVersion
from payment_engine.api.etags import check_if_match
from payment_engine.api.json import Input, decode_body, encode, json_response
from payment_engine.api.pagination import Keyset, newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import QueryParameter, as_filters, read_query
from payment_engine.api.response_headers import ETAG, LOCATION
from payments.api import examples
from payments.api.payment_type_outputs import (
    PaymentTypeDiff,
    PaymentTypeOutput,
    body_etag,
    payment_type_diff,
    payment_type_etag,
    payment_type_output,
)
from payments.api.payment_type_shapes import (
    VERSION_MAX,
    ActivationInput,
    PaymentTypeChange,
    PaymentTypeInput,
    PaymentTypeRollbackInput,
    RetirementInput,
)
from payments.models import PaymentType
from payments.operations.payment_type_checks import CODE_PATTERN
from payments.operations.payment_types import (
    activate_payment_type,
    create_payment_type,
    discard_draft,
    put_payment_type,
    retire_payment_type,
    roll_back_payment_type,
)
from payments.queries.payment_types import shown_version, shown_versions, version_before, version_of, versions_of

TAG: Final = "Payment types"
_TENANT: Final = {"tenant_id": TENANT_ID}
_CODE: Final = {**_TENANT, "code": {"type": "string", "pattern": f"^{CODE_PATTERN}$"}}
_KEYSET: Final = newest_first("payment-types")
_Version = Annotated[int, Meta(ge=1, le=VERSION_MAX)]
_LOCATION: Final = location("code")
_STATUS: Final = QueryParameter(name="status", type=PaymentType.Status)
_VERSION: Final = QueryParameter(name="version", type=_Version, description="Another version than the one that stands for the code")
_DRAFT: Final = QueryParameter(name="version", type=_Version, description="The draft's version", required=True)
_REASON: Final = QueryParameter(name="reason", type=Annotated[str, Meta(max_length=500)])
_FROM: Final = QueryParameter(name="from", type=_Version, description="Without it the version before `to`")
_TO: Final = QueryParameter(name="to", type=_Version, description="Without it the newest version")


@operation(
    operation_id="listPaymentTypes",
    summary="List payment types",
    tag=TAG,
    scopes=("config:read",),
    path=_TENANT,
    query=(_STATUS,),
    answers={200: PageOf(item=PaymentTypeOutput)},
    answer_examples={200: examples.PAYMENT_TYPE},
)
def list_payment_types(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """One version of each code: that in force, else the latest that was, else the draft. Newest first."""
    filters = as_filters(read_query(request, _STATUS, paged=True))
    page = page_parameters(request, _KEYSET)
    with addressed_tenant(request, tenant_id):
        rows = page.slice(shown_versions().filter(**filters))
        return json_response(page_body(page, rows, key=_position, render=payment_type_output))


def _position(row: PaymentType) -> tuple[datetime, UUID]:
    return row.created_at, row.id


@operation(
    operation_id="createPaymentType",
    summary="Offer a payment type",
    tag=TAG,
    scopes=("config:write",),
    path=_TENANT,
    body=PaymentTypeInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={200: PaymentTypeOutput, 201: PaymentTypeOutput},
    example=examples.NEW_PAYMENT_TYPE,
    answer_examples={201: examples.PAYMENT_TYPE},
    sends={200: (ETAG,), 201: (ETAG, LOCATION)},
)
def post_payment_type(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """In force at once, or a draft. 200 with the version in force if the code has these very terms already, 409 if it has others."""
    body = decode_body(request, PaymentTypeInput)

    def create() -> Answer:
        row, is_new = create_payment_type(
            code=body.code, definition=body.definition(), actor=actor_of(request), draft=body.is_draft, reason=body.reason
        )
        return _answer(row, 201 if is_new else 200)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, create, headers=_headers)


@operation(
    operation_id="getPaymentType",
    summary="Read a payment type",
    tag=TAG,
    scopes=("config:read",),
    path=_CODE,
    query=(_VERSION,),
    answers={200: PaymentTypeOutput},
    answer_examples={200: examples.PAYMENT_TYPE},
    sends={200: (ETAG,)},
)
def get_payment_type(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """The version in force, else the latest that was, else the draft; or the one in the query. With its ETag for If-Match."""
    criteria = read_query(request, _VERSION)
    with addressed_tenant(request, tenant_id):
        return _tagged(version_of(code, criteria[0].value) if criteria else shown_version(code))


@operation(
    operation_id="changePaymentType",
    summary="Make the next version of a payment type",
    tag=TAG,
    scopes=("config:write",),
    path=_CODE,
    body=PaymentTypeChange,
    headers=(IF_MATCH,),
    answers={200: PaymentTypeOutput},
    example=examples.PAYMENT_TYPE_CHANGE,
    answer_examples={200: examples.CHANGED_PAYMENT_TYPE},
    sends={200: (ETAG,)},
    errors=(412,),
)
def put_payment_type_view(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """All terms anew, in force at once in place of the version before; or the draft, which is there once and can be edited."""
    body = decode_body(request, PaymentTypeChange)
    body.check_code(code)
    with addressed_tenant(request, tenant_id):
        row = put_payment_type(
            code=code,
            definition=body.definition(),
            actor=actor_of(request),
            draft=body.is_draft,
            reason=body.reason,
            precondition=_if_match(request),
        )
        return _tagged(row)


@operation(
    operation_id="discardPaymentTypeDraft",
    summary="Discard a draft",
    tag=TAG,
    scopes=("config:write",),
    path=_CODE,
    query=(_DRAFT, _REASON),
    headers=(IF_MATCH,),
    answers={204: None},
    errors=(409, 412),
)
def delete_draft(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """Scheduled or not; payments go on as before. 409 for a version that is or was in force: those stay."""
    asked = {criterion.column: criterion.value for criterion in read_query(request, _DRAFT, _REASON)}
    with addressed_tenant(request, tenant_id):
        discard_draft(
            code=code,
            version=asked["version"],
            actor=actor_of(request),
            reason=asked.get("reason", ""),
            precondition=_if_match(request),
        )
    return HttpResponse(status=204)


@operation(
    operation_id="listPaymentTypeVersions",
    summary="List the versions of a payment type",
    tag=TAG,
    scopes=("config:read",),
    path=_CODE,
    answers={200: PageOf(item=PaymentTypeOutput)},
)
def list_versions(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """Highest first: what, who, when and why."""
    read_query(request, paged=True)
    keyset = Keyset(name=f"payment-type-versions/{code}", columns=("version", "id"), key_type=tuple[int, UUID])
    page = page_parameters(request, keyset)
    with addressed_tenant(request, tenant_id):
        shown_version(code)
        rows = page.slice(versions_of(code))
        return json_response(page_body(page, rows, key=lambda row: (row.version, row.id), render=payment_type_output))


@operation(
    operation_id="comparePaymentTypeVersions",
    summary="Compare two versions of a payment type",
    tag=TAG,
    scopes=("config:read",),
    path=_CODE,
    query=(_FROM, _TO),
    answers={200: PaymentTypeDiff},
)
def diff(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """The terms that differ, member by member."""
    asked = {criterion.column: criterion.value for criterion in read_query(request, _FROM, _TO)}
    with addressed_tenant(request, tenant_id):
        shown_version(code)
        new = version_of(code, asked["to"]) if "to" in asked else versions_of(code).latest("version")
        old = version_of(code, asked["from"]) if "from" in asked else version_before(new)
        return json_response(payment_type_diff(old, new))


def _change(operation_id: str, summary: str, body: type[Input], *, body_required: bool = True) -> Callable[[Any], Any]:
    """What the actions on a payment type declare alike."""
    return operation(
        operation_id=operation_id,
        summary=summary,
        tag=TAG,
        scopes=("config:write",),
        path=_CODE,
        body=body,
        body_required=body_required,
        headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
        answers={200: PaymentTypeOutput},
        sends={200: (ETAG,)},
        errors=(412,),
    )


@_change("activatePaymentType", "Put a draft in force", ActivationInput)
def post_activate(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """Now, or at a time in the next ten years: until then it stays a draft with `activateAt`."""
    body = decode_body(request, ActivationInput)

    def activate() -> Answer:
        row = activate_payment_type(
            code=code,
            version=body.number,
            activate_at=body.activate_at,
            actor=actor_of(request),
            reason=body.reason,
            precondition=_if_match(request),
        )
        return _answer(row)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, activate, headers=_headers)


@_change("retirePaymentType", "Take no more payments of a type", RetirementInput, body_required=False)
def post_retire(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """Until a version is put in force. A draft that waits for its time waits no longer, but stays a draft."""
    body = decode_body(request, RetirementInput) if request.body else RetirementInput()

    def retire() -> Answer:
        return _answer(retire_payment_type(code=code, actor=actor_of(request), reason=body.reason, precondition=_if_match(request)))

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, retire, headers=_headers)


@_change("rollBackPaymentType", "Bring the terms of an earlier version back", PaymentTypeRollbackInput)
def post_rollback(request: HttpRequest, tenant_id: str, code: str) -> HttpResponse:
    """As a new version, in force at once."""
    body = decode_body(request, PaymentTypeRollbackInput)

    def roll_back() -> Answer:
        precondition = _if_match(request)
        row = roll_back_payment_type(code=code, version=body.number, actor=actor_of(request), reason=body.reason, precondition=precondition)
        return _answer(row)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, roll_back, headers=_headers)


def _if_match(request: HttpRequest) -> Callable[..., None]:
    """The tag may be that of the version that stands for the code, or of the draft that is changed."""

    def check(*rows: PaymentType) -> None:
        for row in rows[1:]:
            try:
                return check_if_match(request, payment_type_etag(row))
            except StaleVersion:
                continue
        return check_if_match(request, payment_type_etag(rows[0]))

    return check


def _tagged(row: PaymentType) -> HttpResponse:
    body = encode(payment_type_output(row))
    return HttpResponse(body, content_type="application/json", headers={"ETag": body_etag(body)})


def _answer(row: PaymentType, status: int = 200) -> Answer:
    return json_answer(payment_type_output(row), status)


def _headers(request: HttpRequest, answer: Answer) -> Mapping[str, str]:
    etag = {"ETag": body_etag(answer.body.encode())}
    return {**etag, **_LOCATION(request, answer)} if answer.status == HTTPStatus.CREATED else etag


payment_types = endpoint(GET=list_payment_types, POST=post_payment_type)
payment_type = endpoint(GET=get_payment_type, PUT=put_payment_type_view, DELETE=delete_draft)
payment_type_versions = endpoint(GET=list_versions)
payment_type_comparison = endpoint(GET=diff)
payment_type_activate = endpoint(POST=post_activate)
payment_type_retire = endpoint(POST=post_retire)
payment_type_rollback = endpoint(POST=post_rollback)
