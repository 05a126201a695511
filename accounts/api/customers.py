"""GET and POST /customers, GET and PATCH /customers/{id}."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from accounts.api import examples
from accounts.api.shapes import CustomerChange, CustomerInput, CustomerOutput, customer_etag, customer_output
from accounts.errors import CustomerUnknown
from accounts.models import Customer
from accounts.operations.customers import create_customer, update_customer
from events.answers import Answer
from events.api.answers import answered_once, json_answer, location
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.etags import check_if_match
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import Instant, QueryParameter, as_filters, read_query
from payment_engine.api.response_headers import ETAG, LOCATION
from payment_engine.ids import parse_id
from tenants.context import current_tenant_id

TAG: Final = "Customers"
_PATH: Final = {"customer_id": id_schema("cus")}
_KEYSET: Final = newest_first("customers")
_FILTERS: Final = (
    QueryParameter(name="reference", type=Annotated[str, Meta(min_length=1, max_length=64)]),
    QueryParameter(name="createdAt", column="created_at", type=Instant, ranged=True),
)


@operation(
    operation_id="listCustomers",
    summary="List customers",
    tag=TAG,
    scopes=("accounts:read",),
    query=_FILTERS,
    answers={200: PageOf(item=CustomerOutput)},
    answer_examples={200: examples.CUSTOMER},
)
def list_customers(request: HttpRequest) -> HttpResponse:
    """Newest first."""
    filters = as_filters(read_query(request, *_FILTERS, paged=True))
    page = page_parameters(request, _KEYSET)
    rows = page.slice(Customer.objects.filter(tenant_id=current_tenant_id(), **filters))
    return json_response(page_body(page, rows, key=_key, render=customer_output))


def _key(customer: Customer) -> tuple[datetime, UUID]:
    return customer.created_at, customer.id


@operation(
    operation_id="createCustomer",
    summary="Take on a customer",
    tag=TAG,
    scopes=("accounts:write",),
    body=CustomerInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={201: CustomerOutput},
    example=examples.NEW_CUSTOMER,
    answer_examples={201: examples.CUSTOMER},
    sends={201: (LOCATION,)},
)
def post_customer(request: HttpRequest) -> HttpResponse:
    body = decode_body(request, CustomerInput)

    def create() -> Answer:
        customer = create_customer(name=body.name, reference=body.reference, email=body.email or "")
        return json_answer(customer_output(customer), 201)

    return answered_once(request, body, create, headers=location("customerId"))


@operation(
    operation_id="getCustomer",
    summary="Read a customer",
    tag=TAG,
    scopes=("accounts:read",),
    path=_PATH,
    answers={200: CustomerOutput},
    answer_examples={200: examples.CUSTOMER},
    sends={200: (ETAG,)},
)
def get_customer(_request: HttpRequest, customer_id: str) -> HttpResponse:
    customer = Customer.objects.filter(tenant_id=current_tenant_id(), id=parse_id("cus", customer_id)).first()
    if customer is None:
        raise CustomerUnknown("there is no such customer")
    return json_response(customer_output(customer), headers={"ETag": customer_etag(customer)})


@operation(
    operation_id="updateCustomer",
    summary="Change a customer",
    tag=TAG,
    scopes=("accounts:write",),
    path=_PATH,
    body=CustomerChange,
    headers=(IF_MATCH,),
    answers={200: CustomerOutput},
    example=examples.CUSTOMER_CHANGE,
    answer_examples={200: examples.CHANGED_CUSTOMER},
    sends={200: (ETAG,)},
    errors=(412,),
)
def patch_customer(request: HttpRequest, customer_id: str) -> HttpResponse:
    """Members that are left out stay as they are."""
    body = decode_body(request, CustomerChange)
    changed = update_customer(
        customer_id=parse_id("cus", customer_id),
        precondition=lambda locked: check_if_match(request, customer_etag(locked)),
        **body.changes(),
    )
    return json_response(customer_output(changed), headers={"ETag": customer_etag(changed)})


customers = endpoint(GET=list_customers, POST=post_customer)
customer = endpoint(GET=get_customer, PATCH=patch_customer)
