"""GET /accounts/{id}/balance, /accounts/{id}/postings and /accounts/{id}/statements."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import UNSET

from accounts.api import examples
from accounts.api.shapes import BalanceAtOutput, PostingOutput, StatementOutput, posting_output, statement_output
from accounts.queries.accounts import account_with_balances
from accounts.queries.balances import balance_at
from accounts.queries.postings import PostingRow, postings_page
from accounts.queries.statements import statement
from payment_engine.api.endpoints import PageOf, endpoint, operation
from payment_engine.api.errors import at
from payment_engine.api.json import json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import Instant, QueryParameter, read_query
from payment_engine.clock import now, today
from payment_engine.errors import DateOutOfRange
from payment_engine.ids import parse_id
from payment_engine.money import format_amount

TAG: Final = "Accounts"
_PATH: Final = {"account_id": id_schema("acc")}
_KEYSET: Final = newest_first("postings")
_AS_OF: Final = QueryParameter(name="asOf", type=Instant, description="The moment wanted; now when it is left out")
_DATE: Final = QueryParameter(name="date", type=date, description="The day wanted (UTC); today when it is left out")
_CREATED_AT: Final = (
    QueryParameter(name="createdAt[gte]", type=Instant, column="since"),
    QueryParameter(name="createdAt[lte]", type=Instant, column="until"),
)


@operation(
    operation_id="getBalance",
    summary="Read a balance",
    tag=TAG,
    scopes=("accounts:read",),
    path=_PATH,
    query=(_AS_OF,),
    answers={200: BalanceAtOutput},
    answer_examples={200: examples.BALANCE},
)
def get_balance(request: HttpRequest, account_id: str) -> HttpResponse:
    """Booked is the sum of all postings up to the moment; held and available are told for now only."""
    as_of = _given(request, _AS_OF).get("asOf")
    found = balance_at(parse_id("acc", account_id), as_of)

    def amount(minor: int | None) -> Any:  # noqa: ANN401  # a string, or UNSET
        return UNSET if minor is None else format_amount(minor, found.currency)

    body = BalanceAtOutput(
        account_id=account_id,
        currency=found.currency,
        as_of=as_of or now(),
        booked=amount(found.booked_minor),
        held=amount(found.held_minor),
        available=amount(found.available_minor),
    )
    return json_response(body)


@operation(
    operation_id="listPostings",
    summary="List postings",
    tag=TAG,
    scopes=("accounts:read",),
    path=_PATH,
    query=_CREATED_AT,
    answers={200: PageOf(item=PostingOutput)},
)
def list_postings(request: HttpRequest, account_id: str) -> HttpResponse:
    """Newest first. Pages stay stable while postings come in; nothing is counted."""
    bounds = _given(request, *_CREATED_AT, paged=True)
    page = page_parameters(request, _KEYSET)
    account = account_with_balances(parse_id("acc", account_id))
    rows = postings_page(account.id, limit=page.limit + 1, after=page.after, since=bounds.get("since"), until=bounds.get("until"))
    return json_response(page_body(page, rows, key=_key, render=posting_output))


def _key(posting: PostingRow) -> tuple[datetime, UUID]:
    return posting.created_at, posting.id


@operation(
    operation_id="getStatement",
    summary="Read a day's statement",
    tag=TAG,
    scopes=("accounts:read",),
    path=_PATH,
    query=(_DATE,),
    answers={200: StatementOutput},
    errors=(422,),
)
def get_statement(request: HttpRequest, account_id: str) -> HttpResponse:
    """Opening balance, every posting of the day in order, closing balance."""
    day = _given(request, _DATE).get("date") or today()
    if day > today():
        raise at("?date", DateOutOfRange("this day is yet to come"))
    return json_response(statement_output(statement(parse_id("acc", account_id), day)))


def _given(request: HttpRequest, *declared: QueryParameter, paged: bool = False) -> dict[str, Any]:
    return {criterion.column: criterion.value for criterion in read_query(request, *declared, paged=paged)}


balance = endpoint(GET=get_balance)
postings = endpoint(GET=list_postings)
statements = endpoint(GET=get_statement)
