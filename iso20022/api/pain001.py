"""POST /iso20022/pain001."""

from typing import Final, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config_mgmt.settings_values import setting
from iso20022.answer import preview_of
from iso20022.api import examples
from iso20022.api.documents import answers_in_xml, xml_response
from iso20022.api.shapes import MessageAnswer, message_answer, preview_answer
from iso20022.api.uploads import XML_TYPES, xml_body
from iso20022.downloads import document_response
from iso20022.errors import DuplicateMessage
from iso20022.models import Message
from iso20022.operations.receiving import Receipt, receive_pain001, validate_pain001
from iso20022.pain002 import answer_version, write_pain002
from iso20022.queries.messages import report_of
from iso20022.tasks import finish_message
from payment_engine.api.endpoints import Media, endpoint, operation
from payment_engine.api.json import json_response
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.api.response_headers import IDEMPOTENT_REPLAYED
from payment_engine.errors import FieldError
from payment_engine.observability.correlation import correlation_id
from tenants.tasking import TenantTask, ring

TAG: Final = "ISO 20022"
XML_SCHEMA: Final = {"type": "string", "description": "An XML document in UTF-8"}
_VALIDATE_ONLY: Final = QueryParameter(
    name="validateOnly", type=bool, description="Look at the file (schema, rules, profile) and answer; store and book nothing"
)


@operation(
    operation_id="sendPain001",
    summary="Send a pain.001 credit transfer file",
    tag=TAG,
    scopes=("iso20022:write",),
    query=(_VALIDATE_ONLY,),
    body=Media(content=dict.fromkeys(XML_TYPES, XML_SCHEMA), examples=dict.fromkeys(XML_TYPES, examples.PAIN001)),
    answers={
        200: Media(
            content={"application/json": MessageAnswer, "application/xml": XML_SCHEMA}, examples={"application/json": examples.ANSWER}
        )
    },
    sends={200: (IDEMPOTENT_REPLAYED,)},
    errors=(406, 409),
)
def send_pain001(request: HttpRequest) -> HttpResponseBase:
    """Takes pain.001.001.03 to .13, also inside an envelope, up to 200 MB, and books every transfer that can be booked.

    What is wrong inside a readable file is said in `findings` and in the pain.002 (the report, or this answer with
    `Accept: application/xml`), status 200. A file that is no XML we read is 400 `malformed_xml`. The same bytes again
    get the first answer again (`Idempotent-Replayed: true`); another file with the MsgId of one that was taken is 409
    `duplicate_message`. A file that takes longer than some seconds is answered with PDNG and finished in the background.
    """
    in_xml = answers_in_xml(request)
    preview = any(criterion.value for criterion in read_query(request, _VALIDATE_ONLY))
    with xml_body(request) as source:
        if preview:
            reading = validate_pain001(source)
            report = preview_of(reading)
            if in_xml:
                return xml_response(write_pain002(report, version=answer_version(reading.message_type)))
            return json_response(preview_answer(reading, report))
        receipt = receive_pain001(
            source,
            created_by=request.principal.client_id,  # type: ignore[attr-defined]  # left by the tenant middleware
            correlation_id=correlation_id() or "",
            seconds=setting("iso20022.answer_within").total_seconds(),
        )
    if not receipt.message.is_final and not receipt.replayed:
        ring(cast("TenantTask", finish_message), str(receipt.message.id))
    return _answer(receipt, in_xml=in_xml)


def _answer(receipt: Receipt, *, in_xml: bool) -> HttpResponseBase:
    message = receipt.message
    headers = {"Idempotent-Replayed": "true"} if receipt.replayed else {}
    if in_xml and message.is_final:
        return document_response(report_of(message), headers)
    if receipt.duplicate:
        raise _duplicate(message)
    response: HttpResponse = json_response(message_answer(message), headers=headers)
    return response


def _duplicate(message: Message) -> DuplicateMessage:
    found = message.findings[0]
    error = FieldError(pointer=found["path"], code=found["code"], detail=found["text"])
    return DuplicateMessage(f"another message was taken under this MsgId; this one is {message.public_id}, refused", errors=(error,))


pain001 = endpoint(POST=send_pain001)
