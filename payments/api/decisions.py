"""POST /transactions/{id}/approve, /reject, /cancel: what becomes of a payment that waits."""

from typing import Annotated, Final, Protocol
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from config_mgmt.api.tenant_paths import actor_of
from config_mgmt.values import Actor
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_REQUIRED, endpoint, operation
from payment_engine.api.idempotency import required_key
from payment_engine.api.json import Input, decode_body
from payment_engine.api.openapi import id_schema
from payment_engine.ids import parse_id
from payments.api import examples
from payments.api.shapes import TransactionDetail, transaction_detail
from payments.models import Payment
from payments.operations.approvals import approve_payment, cancel_payment, reject_payment

TAG: Final = "Transactions"
_ID: Final = {"transaction_id": id_schema("pay")}


class DecisionInput(Input, frozen=True, kw_only=True):
    """Why; stays with the payment."""

    reason: Annotated[str, Meta(max_length=140)] = ""


class _Operation(Protocol):
    def __call__(self, *, payment_id: UUID, actor: Actor, reason: str) -> Payment: ...


@operation(
    operation_id="approveTransaction",
    summary="Approve a payment that waits for it",
    tag=TAG,
    scopes=("payments:approve",),
    path=_ID,
    body=DecisionInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
    answers={200: TransactionDetail},
    example=examples.APPROVAL,
    answer_examples={200: examples.APPROVED_TRANSACTION},
    errors=(409, 423),
)
def approve_transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """By another person than asked for it, else 403 `self_approval`, whichever client they use. Judged again by today's accounts
    and balances: what can't be paid is refused and goes on waiting. It is booked at once if its type is synchronous, else RESERVED.

    403 `not_authorised` for a client nobody answers for, as it may be that of the person who asked.
    """
    return _decide(request, transaction_id, "approve", approve_payment)


@operation(
    operation_id="rejectTransaction",
    summary="Reject a payment that waits for approval",
    tag=TAG,
    scopes=("payments:approve",),
    path=_ID,
    body=DecisionInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
    answers={200: TransactionDetail},
    example=examples.REJECTION,
    answer_examples={200: examples.REJECTED_TRANSACTION},
    errors=(409,),
)
def reject_transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """It is REJECTED for good; no money was set aside for it."""
    return _decide(request, transaction_id, "reject", reject_payment)


@operation(
    operation_id="cancelTransaction",
    summary="Cancel a payment that waits",
    tag=TAG,
    scopes=("payments:write",),
    path=_ID,
    body=DecisionInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
    answers={200: TransactionDetail},
    example=examples.CANCELLATION,
    answer_examples={200: examples.CANCELLED_TRANSACTION},
    errors=(409,),
)
def cancel_transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """While it waits for an approval or to be carried out; its hold is released. Later it is 409 `not_cancellable`: reverse it."""
    return _decide(request, transaction_id, "cancel", cancel_payment)


def _decide(request: HttpRequest, transaction_id: str, verb: str, act: _Operation) -> HttpResponse:
    required_key(request)
    payment_id = parse_id("pay", transaction_id)
    body = decode_body(request, DecisionInput) if request.body else DecisionInput()
    actor = actor_of(request)

    def decide() -> Answer:
        return json_answer(transaction_detail(act(payment_id=payment_id, actor=actor, reason=body.reason)))

    return answered_once(request, body.reason, decide, operation=f"POST /transactions/{transaction_id}/{verb}")


approval = endpoint(POST=approve_transaction)
rejection = endpoint(POST=reject_transaction)
cancellation = endpoint(POST=cancel_transaction)
