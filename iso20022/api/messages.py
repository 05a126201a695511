"""GET /iso20022/messages, /messages/{id}, /messages/{id}/document and /messages/{id}/report."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from iso20022.api import examples
from iso20022.api.documents import answers_in_xml, require_xml
from iso20022.api.pain001 import TAG, XML_SCHEMA
from iso20022.api.shapes import MessageAnswer, MessageDetails, MessageOutput, message_answer, message_details, message_output
from iso20022.downloads import document_response
from iso20022.models import Message
from iso20022.queries.messages import message_by_id, report_of
from payment_engine.api.endpoints import Media, PageOf, endpoint, operation
from payment_engine.api.json import json_response
from payment_engine.api.openapi import id_schema
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import Instant, QueryParameter, as_filters, read_query
from payment_engine.ids import parse_id

_ID: Final = {"message_id": id_schema("msg")}
_KEYSET: Final = newest_first("messages")
_FILTERS: Final = (
    QueryParameter(name="type", column="message_type"),
    QueryParameter(name="direction", type=Message.Direction),
    QueryParameter(name="status", type=Message.Status),
    QueryParameter(name="originalMessageId", column="original_message_id"),
    QueryParameter(name="createdAt", column="created_at", type=Instant, ranged=True),
)


@operation(
    operation_id="listMessages",
    summary="List messages",
    tag=TAG,
    scopes=("iso20022:read",),
    query=_FILTERS,
    answers={200: PageOf(item=MessageOutput)},
    answer_examples={200: examples.MESSAGE},
)
def list_messages(request: HttpRequest) -> HttpResponse:
    """What came in and what went out, newest first."""
    criteria = as_filters(read_query(request, *_FILTERS, paged=True))
    page = page_parameters(request, _KEYSET)
    rows = page.slice(Message.objects.filter(**criteria).defer("findings"))
    return json_response(page_body(page, rows, key=_key, render=message_output))


def _key(message: Message) -> tuple[datetime, UUID]:
    return message.created_at, message.id


@operation(
    operation_id="getMessage",
    summary="Read a message's state",
    tag=TAG,
    scopes=("iso20022:read",),
    path=_ID,
    answers={200: MessageDetails},
    answer_examples={200: examples.MESSAGE_DETAILS},
)
def get_message(_request: HttpRequest, message_id: str) -> HttpResponse:
    """How far it is (`processed` of `total`), what became of it, and what was found in it."""
    return json_response(message_details(message_by_id(parse_id("msg", message_id))))


@operation(
    operation_id="getMessageDocument",
    summary="Read a message's bytes",
    tag=TAG,
    scopes=("iso20022:read",),
    path=_ID,
    answers={200: Media(content={"application/xml": XML_SCHEMA})},
    errors=(406,),
)
def get_document(request: HttpRequest, message_id: str) -> HttpResponseBase:
    """Exactly as it came in or went out."""
    require_xml(request)
    return document_response(message_by_id(parse_id("msg", message_id)))


@operation(
    operation_id="getMessageReport",
    summary="Read the report that answers a message",
    tag=TAG,
    scopes=("iso20022:read",),
    path=_ID,
    answers={
        200: Media(
            content={"application/xml": XML_SCHEMA, "application/json": MessageAnswer}, examples={"application/json": examples.ANSWER}
        )
    },
    errors=(406,),
)
def get_report(request: HttpRequest, message_id: str) -> HttpResponseBase:
    """The pain.002; its summary with `Accept: application/json`; 404 `report_not_ready` while the message is processed."""
    in_xml = answers_in_xml(request, by_default=True)
    message = message_by_id(parse_id("msg", message_id))
    report = report_of(message)
    return document_response(report) if in_xml else json_response(message_answer(message))


messages = endpoint(GET=list_messages)
message = endpoint(GET=get_message)
document = endpoint(GET=get_document)
report = endpoint(GET=get_report)
