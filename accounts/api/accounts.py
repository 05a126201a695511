"""GET and POST /accounts, GET and PATCH /accounts/{id}."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import UNSET, Meta

from accounts.api import examples
from accounts.api.shapes import (
    AccountChange,
    AccountInput,
    AccountOutput,
    AccountRole,
    AccountStatus,
    AccountType,
    CustomerId,
    Iban,
    account_etag,
    account_output,
)
from accounts.models import Account
from accounts.operations.accounts import open_account
from accounts.operations.changes import AccountChanges, change_account
from accounts.queries.accounts import account_with_balances, accounts_with_balances
from accounts.rules import in_electronic_form
from config_mgmt.settings_values import setting
from events.api.answers import answered_once, json_answer, location
from payment_engine.api.amounts import AmountInput, CurrencyText, amount_field
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.etags import check_if_match
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import Instant, QueryParameter, as_filters, read_query
from payment_engine.api.response_headers import ETAG, LOCATION
from payment_engine.ids import parse_id

TAG: Final = "Accounts"
_PATH: Final = {"account_id": id_schema("acc")}
_KEYSET: Final = newest_first("accounts")
_Number = Annotated[str, Meta(min_length=1, max_length=34)]
_FILTERS: Final = (
    QueryParameter(name="customerId", column="customer_id", type=CustomerId),
    QueryParameter(name="currency", type=CurrencyText),
    QueryParameter(name="type", type=AccountType),
    QueryParameter(name="role", type=AccountRole),
    QueryParameter(name="status", type=AccountStatus),
    QueryParameter(name="iban", type=Iban),
    QueryParameter(name="accountNumber", column="number", type=_Number),
    QueryParameter(name="createdAt", column="created_at", type=Instant, ranged=True),
)


@operation(
    operation_id="listAccounts",
    summary="List accounts",
    tag=TAG,
    scopes=("accounts:read",),
    query=_FILTERS,
    answers={200: PageOf(item=AccountOutput)},
    answer_examples={200: examples.ACCOUNT},
)
def list_accounts(request: HttpRequest) -> HttpResponse:
    """Newest first, the bank's own accounts among them (their role is not CUSTOMER)."""
    filters = as_filters(read_query(request, *_FILTERS, paged=True))
    if "customer_id__exact" in filters:
        filters["customer_id__exact"] = parse_id("cus", filters["customer_id__exact"])
    if "iban__exact" in filters:
        filters["iban__exact"] = in_electronic_form(filters["iban__exact"])
    page = page_parameters(request, _KEYSET)
    rows = page.slice(accounts_with_balances().filter(**filters))
    return json_response(page_body(page, rows, key=_key, render=account_output))


def _key(account: Account) -> tuple[datetime, UUID]:
    return account.created_at, account.id


@operation(
    operation_id="openAccount",
    summary="Open an account",
    tag=TAG,
    scopes=("accounts:write",),
    body=AccountInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={201: AccountOutput},
    example=examples.NEW_ACCOUNT,
    answer_examples={201: examples.ACCOUNT},
    sends={201: (LOCATION,)},
)
def post_account(request: HttpRequest) -> HttpResponse:
    """With a balance of zero, for a customer there is. IBANs and numbers are unique within the tenant."""
    body = decode_body(request, AccountInput)
    return answered_once(request, body, lambda: json_answer(account_output(_open(body)), 201), headers=location("accountId"))


def _open(body: AccountInput) -> Account:
    limit = AmountInput("0") if body.overdraft_limit is UNSET else body.overdraft_limit
    currency: str = setting("payment.default_currency") if body.currency is UNSET else body.currency
    overdraft_limit_minor = amount_field(limit, currency, pointer="/overdraftLimit", zero_allowed=True)
    return open_account(
        customer_id=parse_id("cus", body.customer_id),
        currency=currency,
        name=body.name,
        type=body.type,
        iban=body.iban,
        number=body.account_number,
        overdraft_limit_minor=overdraft_limit_minor,
    )


@operation(
    operation_id="getAccount",
    summary="Read an account",
    tag=TAG,
    scopes=("accounts:read",),
    path=_PATH,
    answers={200: AccountOutput},
    answer_examples={200: examples.ACCOUNT},
    sends={200: (ETAG,)},
)
def get_account(_request: HttpRequest, account_id: str) -> HttpResponse:
    """With an ETag of what can be changed of it (not of its balances), for If-Match."""
    account = account_with_balances(parse_id("acc", account_id))
    return json_response(account_output(account), headers={"ETag": account_etag(account)})


@operation(
    operation_id="updateAccount",
    summary="Change an account",
    tag=TAG,
    scopes=("accounts:write",),
    path=_PATH,
    body=AccountChange,
    headers=(IF_MATCH,),
    answers={200: AccountOutput},
    example=examples.ACCOUNT_CHANGE,
    answer_examples={200: examples.CHANGED_ACCOUNT},
    sends={200: (ETAG,)},
    errors=(412,),
)
def patch_account(request: HttpRequest, account_id: str) -> HttpResponse:
    """Its name, its overdraft limit, or its status: freeze, open again, close for ever. All of it or nothing."""
    body = decode_body(request, AccountChange)
    account = account_with_balances(parse_id("acc", account_id))
    changed = change_account(
        account_id=account.id,
        changes=_changes(body, account.currency),
        precondition=lambda locked: check_if_match(request, account_etag(locked)),
    )
    return json_response(account_output(changed), headers={"ETag": account_etag(changed)})


def _changes(body: AccountChange, currency: str) -> AccountChanges:
    limit = body.overdraft_limit
    return AccountChanges(
        name=None if body.name is UNSET else body.name,
        overdraft_limit_minor=None if limit is UNSET else amount_field(limit, currency, pointer="/overdraftLimit", zero_allowed=True),
        status=None if body.status is UNSET else body.status,
    )


accounts = endpoint(GET=list_accounts, POST=post_account)
account = endpoint(GET=get_account, PATCH=patch_account)
