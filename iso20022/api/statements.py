"""GET /iso20022/accounts/{id}/camt053."""

from datetime import date
from enum import StrEnum
from typing import Final

from django.http import HttpRequest, HttpResponse

from iso20022.api.documents import require_xml, xml_response
from iso20022.api.pain001 import TAG, XML_SCHEMA
from iso20022.camt053 import DEFAULT_VERSION
from iso20022.queries.statements import camt053_of
from payment_engine.api.endpoints import Media, endpoint, operation
from payment_engine.api.errors import at
from payment_engine.api.openapi import id_schema
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.clock import today
from payment_engine.errors import DateOutOfRange
from payment_engine.ids import parse_id


class Camt053Version(StrEnum):
    V02 = "camt.053.001.02"
    V08 = "camt.053.001.08"


_DATE: Final = QueryParameter(name="date", type=date, description="The day wanted (UTC); today, as far as it is, when it is left out")
_VERSION: Final = QueryParameter(name="version", type=Camt053Version, description=f"{DEFAULT_VERSION} when it is left out")


@operation(
    operation_id="getCamt053",
    summary="Read a day's statement as camt.053",
    tag=TAG,
    scopes=("iso20022:read",),
    path={"account_id": id_schema("acc")},
    query=(_DATE, _VERSION),
    answers={200: Media(content={"application/xml": XML_SCHEMA})},
    errors=(406, 422),
)
def get_camt053(request: HttpRequest, account_id: str) -> HttpResponse:
    """Opening balance (OPBD), every entry of the day, closing balance (CLBD); a day without entries has a statement too."""
    require_xml(request)
    given = {criterion.column: criterion.value for criterion in read_query(request, _DATE, _VERSION)}
    day = given.get("date") or today()
    if day > today():
        raise at("?date", DateOutOfRange("this day is yet to come"))
    document = camt053_of(parse_id("acc", account_id), day, version=str(given.get("version") or DEFAULT_VERSION))
    return xml_response(document)


camt053 = endpoint(GET=get_camt053)
