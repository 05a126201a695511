"""/config/tenants/{id}/config/pending and /changes/{id}: what waits, and who lets it happen. For settings, flags and rate limits."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from config_mgmt.api.answers import version_headers
from config_mgmt.api.shapes_settings import ConfigChangeOutput, DecisionInput, change_output
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import approve_change, reject_change
from config_mgmt.queries.versions import change_with_old_value, pending
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, PageOf, endpoint, operation
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import read_query
from payment_engine.api.response_headers import ETAG
from payment_engine.ids import parse_id

TAG: Final = "Changes of configuration"
_PATH: Final = {"tenant_id": TENANT_ID}
_CHANGE: Final = {**_PATH, "change_id": id_schema("cfg")}
_PENDING: Final = newest_first("pending-changes")


@operation(
    operation_id="listPendingChanges",
    summary="List changes that wait",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    answers={200: PageOf(item=ConfigChangeOutput)},
)
def list_pending(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """For approval (PROPOSED) or for their time (SCHEDULED), newest first, with the value they would replace today."""
    read_query(request, paged=True)
    with addressed_tenant(request, tenant_id):
        page = page_parameters(request, _PENDING)
        rows = page.slice(pending())
        return json_response(page_body(page, rows, key=lambda row: (row.created_at, row.id), render=change_output))


@operation(
    operation_id="approveChange",
    summary="Approve a change",
    tag=TAG,
    scopes=("config:write",),
    path=_CHANGE,
    body=DecisionInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={200: ConfigChangeOutput},
    sends={200: (ETAG,)},
    errors=(409,),
)
def post_approval(request: HttpRequest, tenant_id: str, change_id: str) -> HttpResponse:
    """It takes effect now, or at its time. By another person than asked for it, else 403 `self_approval`, whichever client they use.

    403 `not_authorised` for a client nobody answers for, as it may be that of the person who asked.
    """
    return _decide(request, tenant_id, change_id, approve_change)


@operation(
    operation_id="rejectChange",
    summary="Reject a change, or call it off",
    tag=TAG,
    scopes=("config:write",),
    path=_CHANGE,
    body=DecisionInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={200: ConfigChangeOutput},
    sends={200: (ETAG,)},
    errors=(409,),
)
def post_rejection(request: HttpRequest, tenant_id: str, change_id: str) -> HttpResponse:
    """It never takes effect. Also of a change that is scheduled, and by who asked for it."""
    return _decide(request, tenant_id, change_id, reject_change)


def _decide(request: HttpRequest, tenant_id: str, change_id: str, operation: Callable[..., ConfigVersion]) -> HttpResponse:
    body = decode_body(request, DecisionInput) if request.body else DecisionInput()

    def decide() -> Answer:
        change = operation(change_id=parse_id("cfg", change_id), actor=actor_of(request), reason=body.reason)
        return json_answer(change_output(change_with_old_value(change.id)))

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, decide, headers=version_headers)


pending_changes = endpoint(GET=list_pending)
change_approval = endpoint(POST=post_approval)
change_rejection = endpoint(POST=post_rejection)
