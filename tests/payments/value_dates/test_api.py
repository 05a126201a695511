"""GET /value-date and /config/tenants/{id}/calendars, through the whole stack."""

from datetime import time
from typing import Any
from urllib.parse import urlencode

import pytest

from events.models import OutboxEvent
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_payment_type

pytestmark = pytest.mark.django_db
MAUNDY_THURSDAY = "2026-04-02T13:00:01Z"
DAYS = "/config/tenants/alpha-bank/calendars/TARGET2/days"
CLOSED = {"businessDay": False, "name": "Move to the new core"}


@pytest.fixture
def sepa(in_tenant_a: TenantRecord) -> None:
    make_payment_type("SEPA", cut_off_time=time(15), time_zone="Europe/Berlin", calendar="TARGET2", currencies=["EUR"])


def value_date(api: Api, **query: str) -> Any:
    return api.get(f"/value-date?{urlencode(query)}")


def problem(response: Any) -> tuple[int, str, list[str]]:
    document = response.json()
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, document["code"], [error["pointer"] for error in document["errors"]]


def test_a_payment_type_is_explained(api: Api, sepa: None) -> None:
    found = value_date(api, paymentType="SEPA", at=MAUNDY_THURSDAY, currency="EUR").json()
    reasons = found.pop("reasons")
    assert found == {
        "paymentType": "SEPA",
        "receivedAt": "2026-04-02T13:00:01Z",
        "localTime": "2026-04-02T15:00:01+02:00",
        "timeZone": "Europe/Berlin",
        "cutOff": "15:00",
        "calendar": "TARGET2",
        "valueDate": "2026-04-07",
        "businessDay": True,
    }
    assert [reason["code"] for reason in reasons] == ["RECEIVED_AFTER_CUT_OFF", "HOLIDAY", "WEEKEND", "WEEKEND", "HOLIDAY"]
    assert reasons[1] == {"code": "HOLIDAY", "date": "2026-04-03", "text": "Friday 2026-04-03 is a holiday in TARGET2: Good Friday."}


def test_a_payment_type_without_rules_is_of_its_day(api: Api, in_tenant_a: TenantRecord) -> None:
    make_payment_type()
    found = value_date(api, paymentType="INTERNAL_TRANSFER", at="2026-04-04T23:59:59Z").json()
    assert (found["valueDate"], found["calendar"], found["timeZone"], found["cutOff"]) == ("2026-04-04", "EVERY_DAY", "UTC", None)


def test_rules_can_be_tried_out(api: Api) -> None:
    query = {"calendar": "FEDWIRE", "cutOff": "18:30:30", "timeZone": "America/New_York"}
    found = value_date(api, at="2026-07-03T22:30:30Z", **query).json()
    assert (found["valueDate"], found["cutOff"], found["calendar"]) == ("2026-07-06", "18:30:30", "US_FED")
    assert (found["paymentType"], value_date(api, at="2026-07-03T22:30:29Z", **query).json()["valueDate"]) == (None, "2026-07-03")
    assert value_date(api, calendar="UK", at=MAUNDY_THURSDAY).json()["timeZone"] == "Europe/London"
    assert value_date(api, calendar="UK").status_code == 200


def test_a_requested_execution_date_is_waited_for(api: Api) -> None:
    found = value_date(api, calendar="CH", at=MAUNDY_THURSDAY, requestedExecutionDate="2026-08-01").json()
    assert [reason["code"] for reason in found["reasons"]] == ["NO_CUT_OFF", "REQUESTED_DATE", "HOLIDAY", "WEEKEND"]
    assert found["valueDate"] == "2026-08-03"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (422, "rule_unclear", ["?paymentType"])),
        ({"paymentType": "SEPA", "at": "2026-04-02T13:00:01"}, (400, "parameter_invalid", ["?at"])),
        ({"paymentType": "SEPA", "at": "yesterday"}, (400, "parameter_invalid", ["?at"])),
        ({"paymentType": "SEPA", "at": "9999-12-31T23:59:59Z"}, (422, "date_out_of_range", ["?at"])),
        ({"paymentType": "SEPA", "at": "0001-01-01T00:00:00+14:00"}, (422, "date_out_of_range", ["?at"])),
        ({"paymentType": "SEPA", "requestedExecutionDate": "9999-12-31"}, (422, "date_out_of_range", ["?requestedExecutionDate"])),
        ({"paymentType": "NONE"}, (422, "payment_type_unknown", ["?paymentType"])),
        ({"paymentType": "OLD"}, (422, "payment_type_inactive", ["?paymentType"])),
        ({"paymentType": "SEPA", "currency": "USD"}, (422, "currency_mismatch", ["?currency"])),
        ({"paymentType": "SEPA", "currency": "XXX"}, (422, "currency_unknown", ["?currency"])),
        ({"paymentType": "SEPA", "calendar": "UK"}, (422, "rule_unclear", ["?calendar"])),
        ({"calendar": "TARGET3"}, (422, "calendar_unknown", ["?calendar"])),
        ({"calendar": "UK", "cutOff": "15:00"}, (422, "rule_unclear", ["?timeZone"])),
        ({"calendar": "UK", "cutOff": "25:00", "timeZone": "UTC"}, (400, "parameter_invalid", ["?cutOff"])),
        ({"calendar": "UK", "timeZone": "Europe/Atlantis"}, (422, "time_zone_unknown", ["?timeZone"])),
        ({"calendar": "UK", "timeZone": "../../etc/passwd"}, (422, "time_zone_unknown", ["?timeZone"])),
        ({"calendar": "UK", "currency": "EUR"}, (422, "rule_unclear", ["?currency"])),
        ({"calendar": "UK", "cutOff": "15:00\x00", "timeZone": "UTC"}, (400, "parameter_invalid", ["?cutOff"])),
        ({"cutOff": "15:00", "timeZone": "UTC"}, (422, "rule_unclear", ["?paymentType"])),
        ({"colour": "red"}, (400, "unknown_parameter", ["?colour"])),
    ],
)
def test_bad_input_names_its_parameter(api: Api, sepa: None, query: dict[str, str], expected: tuple[int, str, list[str]]) -> None:
    make_payment_type("OLD", status="RETIRED")
    assert problem(value_date(api, **query)) == expected


def test_near_matches_are_offered(api: Api) -> None:
    assert "TARGET2" in value_date(api, calendar="TARGET3").json()["detail"]
    assert "Europe/Berlin" in value_date(api, calendar="UK", timeZone="Europe/Berlim").json()["detail"]


def test_another_tenants_payment_type_and_days_are_not_seen(api: Api, sepa: None, tenant_b: TenantRecord) -> None:
    api.send("PUT", f"{DAYS}/2026-06-10", CLOSED)
    stranger = Api(tenant_b)
    assert problem(value_date(stranger, paymentType="SEPA"))[:2] == (422, "payment_type_unknown")
    assert value_date(stranger, calendar="TARGET2", at="2026-06-10T09:00:00Z").json()["valueDate"] == "2026-06-10"
    assert stranger.get(f"{DAYS}?year=2026").status_code in {403, 404}
    assert stranger.send("PUT", f"{DAYS}/2026-06-11", CLOSED).status_code in {403, 404}


def test_a_tenants_day_moves_the_value_date_and_says_so(api: Api, sepa: None) -> None:
    assert api.send("PUT", f"{DAYS}/2026-06-10", {**CLOSED, "reason": "ticket 7"}).status_code == 200
    found = value_date(api, paymentType="SEPA", at="2026-06-10T09:00:00Z").json()
    assert (found["valueDate"], found["businessDay"]) == ("2026-06-11", False)
    assert found["reasons"][-1]["text"].endswith("by the tenant's own calendar: Move to the new core.")


def test_days_of_a_year(api: Api) -> None:
    api.post(DAYS, {"date": "2026-06-10", **CLOSED})
    listed = api.get(f"{DAYS}?year=2026")
    days = listed.json()
    assert (days["calendar"], days["year"]) == ("TARGET2", 2026)
    assert [(day["date"], day["source"]) for day in days["data"]][2:5] == [
        ("2026-04-06", "CALENDAR"),
        ("2026-05-01", "CALENDAR"),
        ("2026-06-10", "TENANT"),
    ]
    assert api.get(f"{DAYS}?year=2026", **{"If-None-Match": listed["ETag"]}).status_code == 304
    assert api.get(DAYS).status_code == 200


def test_a_day_is_read_changed_and_removed_under_its_etag(api: Api) -> None:
    path = f"{DAYS}/2026-06-10"
    assert problem(api.get(path))[:2] == (404, "not_found")
    assert problem(api.send("PUT", path, CLOSED, **{"If-Match": '"old"'}))[:2] == (412, "stale_version")
    made = api.send("PUT", path, CLOSED)
    assert made.json() == {"date": "2026-06-10", **CLOSED, "source": "TENANT"}
    assert (api.get(path).json(), api.get(path)["ETag"]) == (made.json(), made["ETag"])
    changed = api.send("PUT", path, {**CLOSED, "name": "Second attempt"}, **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed["ETag"] != made["ETag"]) == (200, True)
    assert problem(api.send("PUT", path, CLOSED, **{"If-Match": made["ETag"]}))[:2] == (412, "stale_version")
    assert problem(api.send("DELETE", path, **{"If-Match": made["ETag"]}))[:2] == (412, "stale_version")
    assert api.send("DELETE", path, **{"If-Match": changed["ETag"]}).status_code == 204
    assert problem(api.send("DELETE", path))[:2] == (404, "not_found")
    assert problem(api.get(path))[:2] == (404, "not_found")


def test_a_day_is_posted_once(api: Api, in_tenant_a: TenantRecord) -> None:
    body = {"date": "2026-06-10", **CLOSED}
    made = api.post(DAYS, body, key="day-1")
    assert (made.status_code, made["Location"]) == (201, f"/api/v1{DAYS}/2026-06-10")
    assert api.post(DAYS, body, key="day-1")["Idempotent-Replayed"] == "true"
    assert problem(api.post(DAYS, body))[:2] == (409, "calendar_day_exists")
    assert OutboxEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", f"{DAYS}?year=2011", None, (400, "parameter_invalid", ["?year"])),
        ("GET", f"{DAYS}?year=soon", None, (400, "parameter_invalid", ["?year"])),
        ("GET", f"{DAYS}/2026-02-30", None, (422, "validation_failed", ["/day"])),
        ("GET", f"{DAYS}/2150-01-01", None, (422, "date_out_of_range", ["/day"])),
        ("GET", "/config/tenants/alpha-bank/calendars/TARGET3/days", None, (422, "calendar_unknown", ["/calendarCode"])),
        ("POST", DAYS, {"date": "2150-01-01", **CLOSED}, (422, "date_out_of_range", ["/date"])),
        ("POST", DAYS, {"date": "soon", **CLOSED}, (422, "validation_failed", ["/date"])),
        ("POST", DAYS, CLOSED, (422, "validation_failed", ["/date"])),
        ("PUT", f"{DAYS}/2026-06-10", {"businessDay": "no", "name": "x"}, (422, "validation_failed", ["/businessDay"])),
        ("PUT", f"{DAYS}/2026-06-10", {"businessDay": False, "name": ""}, (422, "validation_failed", ["/name"])),
        ("PUT", f"{DAYS}/2026-06-10", {**CLOSED, "colour": "red"}, (400, "unknown_field", ["/colour"])),
        ("PUT", "/config/tenants/alpha-bank/calendars/TARGET2", {"name": "Mine", "base": "UK"}, (409, "calendar_kept", [])),
        ("PUT", "/config/tenants/alpha-bank/calendars/HOUSE", {"name": "House", "base": "X"}, (422, "validation_failed", ["/base"])),
        ("GET", "/config/tenants/alpha-bank/calendars/HOUSE", None, (422, "calendar_unknown", ["/calendarCode"])),
    ],
)
def test_bad_input_of_calendars(api: Api, method: str, path: str, body: Any, expected: tuple[int, str, list[str]]) -> None:
    status, code, pointers = problem(api.send(method, path, body))
    assert (status, code if code != "required" else "validation_failed", pointers) == expected


def test_calendars_are_listed_and_a_tenant_makes_its_own(api: Api, tenant_b: TenantRecord) -> None:
    path = "/config/tenants/alpha-bank/calendars"
    assert [calendar["code"] for calendar in api.get(path).json()["data"]] == ["TARGET2", "US_FED", "UK", "CH", "EVERY_DAY"]
    made = api.send("PUT", f"{path}/GULF", {"name": "Gulf desk", "base": "UK", "weekend": ["FRIDAY"], "timeZone": "Asia/Dubai"})
    expected = {"code": "GULF", "name": "Gulf desk", "aliases": [], "base": "UK", "weekend": ["FRIDAY"], "timeZone": "Asia/Dubai"}
    assert (made.status_code, made.json()) == (200, expected)
    read = api.get(f"{path}/GULF")
    assert (read.json(), read["ETag"]) == (expected, made["ETag"])
    assert problem(api.send("PUT", f"{path}/GULF", {"name": "G", "base": "CH"}, **{"If-Match": '"old"'}))[:2] == (412, "stale_version")
    assert expected in api.get(path).json()["data"]
    assert value_date(api, calendar="GULF", at="2026-06-05T09:00:00Z").json()["valueDate"] == "2026-06-06"
    assert problem(value_date(Api(tenant_b), calendar="GULF"))[:2] == (422, "calendar_unknown")


def test_scopes_are_needed(tenant_a: TenantRecord) -> None:
    reader = Api(tenant_a, ["config:read"])
    assert reader.get(DAYS).status_code == 200
    assert problem(reader.send("PUT", f"{DAYS}/2026-06-10", CLOSED))[:2] == (403, "not_authorised")
    assert problem(value_date(reader, calendar="UK"))[:2] == (403, "not_authorised")
