"""POST and GET /transactions, /transactions/{id} and what can be done to one: approve, reject, cancel, reverse."""

from collections.abc import Callable, Mapping
from contextvars import copy_context
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from config_mgmt.rate_limits.tickets import ticket_of
from events.answers import Answer
from events.api.answers import answered_once, json_answer, location, refusal_answer, respond
from payment_engine.api.amounts import CurrencyText, amount_field
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_REQUIRED, PageOf, endpoint, operation
from payment_engine.api.idempotency import required_key
from payment_engine.api.json import decode_body, encode, json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.problems import problem_response
from payment_engine.api.query_parameters import Criterion, Instant, QueryParameter, read_query
from payment_engine.api.response_headers import LOCATION
from payment_engine.errors import EngineError, NotFound
from payment_engine.ids import parse_id, public_id
from payment_engine.money import format_amount
from payment_engine.observability.correlation import correlation_id
from payment_engine.observability.metrics import count_payments
from payments.api import examples
from payments.api.shapes import (
    AccountFilter,
    AmountFilter,
    MessageId,
    PaymentInput,
    ReversalInput,
    ReversalOutput,
    TransactionDetail,
    TransactionOutput,
    UetrText,
    account_reference,
    transaction_detail,
    transaction_output,
)
from payments.models import Payment, Reversal
from payments.operations.reverse import reverse_payment
from payments.operations.sharing import submit_payment
from payments.queries.payments import account_is, amount_is
from payments.states import PaymentStatus
from payments.values import PaymentRecord
from tenants.context import current_tenant_id

TAG: Final = "Transactions"
_ACCEPTED: Final = 202
_ID: Final = {"transaction_id": id_schema("pay")}
_KEYSET: Final = newest_first("transactions")
_ID_OR_IBAN: Final = "The account's id or IBAN"
_FILTERS: Final = (
    QueryParameter(name="status", type=PaymentStatus),
    QueryParameter(name="paymentType", column="payment_type"),
    QueryParameter(name="reference"),
    QueryParameter(name="endToEndId", column="end_to_end_id"),
    QueryParameter(name="debtorAccount", column="debtor", type=AccountFilter, description=_ID_OR_IBAN),
    QueryParameter(name="creditorAccount", column="creditor", type=AccountFilter, description=_ID_OR_IBAN),
    QueryParameter(name="amount", column="amount", type=AmountFilter, ranged=True, description="Of each payment in its own currency"),
    QueryParameter(name="currency", type=CurrencyText),
    QueryParameter(name="uetr", type=UetrText),
    QueryParameter(name="messageId", column="message_id", type=MessageId, description="The ISO 20022 message it came in"),
    QueryParameter(name="valueDate", column="value_date", type=date, ranged=True),
    QueryParameter(name="idempotencyKey", column="idempotency_key", type=Annotated[str, msgspec.Meta(min_length=1, max_length=255)]),
    QueryParameter(name="createdAt", column="created_at", type=Instant, ranged=True),
)


@operation(
    operation_id="createTransaction",
    summary="Make a payment",
    tag=TAG,
    scopes=("payments:write",),
    body=PaymentInput,
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
    answers={201: TransactionOutput, 202: TransactionOutput},
    example=examples.NEW_TRANSACTION,
    answer_examples={201: examples.TRANSACTION, 202: examples.WAITING_TRANSACTION},
    sends={202: (LOCATION,)},
    errors=(409, 423),
    counted_together=True,
)
def create_transaction(request: HttpRequest) -> HttpResponse:
    """Books the payment at once and answers with it and the debtor's new balances, or says why not; never half of it.

    202 with `Location` where it waits: PENDING_APPROVAL from the approval threshold of its payment type on, else RESERVED, with
    the money set aside, to be carried out right after (a type that is not synchronous, or a creditor at another bank).
    """
    key = required_key(request)
    body = decode_body(request, PaymentInput)
    principal = request.principal  # type: ignore[attr-defined]  # left by the tenant middleware
    item = body.to_submit(
        created_by=principal.client_id,
        correlation_id=correlation_id() or "",
        idempotency={"key": key, "answer": _answer_of(request)},
    )
    outcome = submit_payment(item, ticket=ticket_of(request))
    if outcome.answer is None:
        assert outcome.refusal is not None, "only a refusal of the key itself has no answer"  # noqa: S101
        return problem_response(outcome.refusal, request)
    if not outcome.replayed:
        status = outcome.payment.status.value if outcome.payment else "REFUSED"
        count_payments(tenant=current_tenant_id(), payment_type=item.payment_type if outcome.payment else "", status=status)
    return respond(outcome.answer, replayed=outcome.replayed, headers=_where(request, outcome.answer))


def _where(request: HttpRequest, answer: Answer) -> Mapping[str, str] | None:
    """Where to look again for a payment that waits."""
    return location("transactionId")(request, answer) if answer.status == _ACCEPTED else None


def _answer_of(request: HttpRequest) -> Callable[[PaymentRecord | EngineError], Answer]:
    """How this request would be answered. It may be called by another request's thread, so it brings its own context."""
    context = copy_context()

    def answer(result: PaymentRecord | EngineError) -> Answer:
        if isinstance(result, EngineError):
            return context.run(refusal_answer, result, request)
        status = 201 if result.status is PaymentStatus.COMPLETED else _ACCEPTED
        return Answer(status=status, body=encode(transaction_output(result)).decode())

    return answer


@operation(
    operation_id="listTransactions",
    summary="List payments",
    tag=TAG,
    scopes=("payments:read",),
    query=_FILTERS,
    answers={200: PageOf(item=TransactionOutput)},
    answer_examples={200: examples.READ_TRANSACTION},
)
def list_transactions(request: HttpRequest) -> HttpResponse:
    """Newest first. Pages stay stable while payments come in; nothing is counted."""
    criteria = read_query(request, *_FILTERS, paged=True)
    page = page_parameters(request, _KEYSET)
    rows = page.slice(Payment.objects.filter(*(_condition(criterion) for criterion in criteria)))
    return json_response(page_body(page, rows, key=_key, render=transaction_output))


def _condition(criterion: Criterion) -> Q:
    column, value, lookup = criterion.column, criterion.value, criterion.lookup
    if column == "amount":
        return amount_is(lookup, Decimal(value))
    if column in {"debtor", "creditor"}:
        return account_is(column, account_reference(value, f"?{column}Account"))
    if column == "message_id":
        value = parse_id("msg", value)
    elif column == "uetr":
        value = UUID(value.strip())  # `$` of its pattern lets a line feed pass
    return Q(**{f"{column}__{lookup}": value})


def _key(payment: Payment) -> tuple[datetime, UUID]:
    return payment.created_at, payment.id


@operation(
    operation_id="getTransaction",
    summary="Read a payment",
    tag=TAG,
    scopes=("payments:read",),
    path=_ID,
    answers={200: TransactionDetail},
    answer_examples={200: examples.READ_TRANSACTION},
)
def get_transaction(_request: HttpRequest, transaction_id: str) -> HttpResponse:
    """With who decided about it and which rails were tried, where it had to wait."""
    payment = Payment.objects.filter(id=parse_id("pay", transaction_id)).first()
    if payment is None:
        raise NotFound("there is no such payment")
    return json_response(transaction_detail(payment))


class ReversedTransactionOutput(TransactionOutput, frozen=True, kw_only=True):
    """A payment and the reversal just made."""

    reversal: ReversalOutput


@operation(
    operation_id="reverseTransaction",
    summary="Give a payment's money back",
    tag=TAG,
    scopes=("payments:write",),
    path=_ID,
    body=ReversalInput,
    headers=(IDEMPOTENCY_KEY_REQUIRED,),
    answers={201: ReversedTransactionOutput},
    example=examples.REVERSAL,
    answer_examples={201: examples.REVERSED_TRANSACTION},
    errors=(409, 423),
)
def reverse_transaction(request: HttpRequest, transaction_id: str) -> HttpResponse:
    """In full without an amount, else in part; several parts up to the amount. The fee is not given back."""
    key = required_key(request)
    payment_id = parse_id("pay", transaction_id)
    body = decode_body(request, ReversalInput)
    created_by = request.principal.client_id  # type: ignore[attr-defined]  # left by the tenant middleware
    amount_minor = _reversal_amount(payment_id, body)

    def act() -> Answer:
        reversal = reverse_payment(
            payment_id=payment_id, amount_minor=amount_minor, reason=body.reason, created_by=created_by, idempotency_key=key
        )
        return json_answer(_reversed(reversal), 201)

    return answered_once(request, (amount_minor, body.reason), act, operation=f"POST /transactions/{transaction_id}/reverse")


def _reversal_amount(payment_id: UUID, body: ReversalInput) -> int | None:
    """The amount in the payment's own currency; raises NotFound for a payment the tenant does not have."""
    currency = Payment.objects.filter(id=payment_id).values_list("currency", flat=True).first()
    if currency is None:
        raise NotFound("there is no such payment")
    return None if body.amount is None else amount_field(body.amount, currency)


def _reversed(reversal: Reversal) -> ReversedTransactionOutput:
    payment = transaction_output(reversal.payment)
    reversal.refresh_from_db(fields=["created_at"])
    return ReversedTransactionOutput(
        **{name: getattr(payment, name) for name in payment.__struct_fields__},
        reversal=ReversalOutput(
            reversal_id=public_id("rev", reversal.id),
            amount=format_amount(reversal.amount_minor, reversal.currency),
            reason=reversal.reason,
            created_at=reversal.created_at,
        ),
    )


transactions = endpoint(GET=list_transactions, POST=create_transaction)
transaction = endpoint(GET=get_transaction)
reverse = endpoint(POST=reverse_transaction)
