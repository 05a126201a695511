"""/config/tenants/{id}/payment-types, through the whole stack."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.models import OutboxEvent
from payments.models import PaymentType
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account
from tests.payments.test_api import problem

pytestmark = pytest.mark.django_db
PATH = "/config/tenants/alpha-bank/payment-types"
# As the deployment guide prints it.
GUIDE = """{
    "code": "DEMO_TRANSFER",
    "name": "Demo Transfer",
    "description": "Demo bank specific transfer",
    "isSynchronous": true,
    "maxAmount": 50000.00,
    "processingFee": 1.00
  }"""


def send(api: Api, verb: str, path: str, body: Any = None, **headers: str) -> Any:
    return api.send(verb, PATH + path, body, **headers)


def offer(api: Api, **terms: Any) -> Any:
    return send(api, "POST", "", {"code": "SEPA", "name": "SEPA", **terms})


def test_the_guides_command_puts_the_type_in_force(api: Api, tenant_b: TenantRecord) -> None:
    made = send(api, "POST", "", GUIDE.encode(), **{"X-Tenant-ID": "alpha-bank"})
    body = made.json()
    assert (made.status_code, made["Location"]) == (201, f"/api/v1{PATH}/DEMO_TRANSFER")
    assert (body["status"], body["version"], body["maxAmount"], body["processingFee"]) == ("ACTIVE", 1, "50000.00", "1.00")
    assert (body["rail"], body["feeSchedule"], body["currencies"], body["notes"]) == ("internal", None, [], [])
    again = send(api, "POST", "", GUIDE.encode())
    assert (again.status_code, again.content, again["ETag"]) == (200, made.content, made["ETag"])
    read = send(api, "GET", "/DEMO_TRANSFER")
    assert (read.content, read["ETag"]) == (made.content, made["ETag"])
    other = send(api, "POST", "", GUIDE.replace("1.00", "2.00").encode())
    assert problem(other)[:2] == (409, "payment_type_exists")
    assert "PUT" in other.json()["detail"]
    stranger = Api(tenant_b)
    assert stranger.get(f"{PATH}/DEMO_TRANSFER").status_code == 403
    assert stranger.get("/config/tenants/beta-bank/payment-types").json()["data"] == []
    assert stranger.get("/config/tenants/beta-bank/payment-types/DEMO_TRANSFER").status_code == 404


def test_a_code_in_the_body_is_that_of_the_path(api: Api) -> None:
    offer(api)
    same = send(api, "PUT", "/SEPA", {"code": "SEPA", "name": "SEPA", "maxAmount": "9.00"})
    assert (same.status_code, same.json()["version"]) == (200, 2)
    assert problem(send(api, "PUT", "/SEPA", {"code": "OTHER", "name": "SEPA"})) == (422, "terms_invalid", ["/code"])


@pytest.mark.django_db(transaction=True)  # a transaction moves the configuration's revision once
def test_a_payment_names_the_version_that_decided_it(api: Api, in_tenant_a: TenantRecord) -> None:
    offer(api, processingFee="1.00")
    ada, bob = make_account(funds_minor=10_000), make_account()
    body = {"paymentType": "SEPA", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "amount": "5", "currency": "EUR"}
    first = api.post("/transactions", body).json()
    schedule = {"type": "TIERED", "payer": "CREDITOR", "tiers": [{"upTo": "10", "percentage": "10"}, {"amount": 3}]}
    assert send(api, "PUT", "/SEPA", {"name": "SEPA", "feeSchedule": schedule, "reason": "new prices"}).json()["version"] == 2
    second = api.post("/transactions", body).json()
    assert [(made["paymentTypeVersion"], made["fee"], made["debtorBalance"]["booked"]) for made in (first, second)] == [
        (1, "1.00", "94.00"),
        (2, "0.50", "89.00"),
    ]
    assert second["configVersion"] > first["configVersion"]


def test_every_member_is_read_back_as_it_is_meant(api: Api) -> None:
    terms = {
        "name": "SEPA",
        "description": "Credit transfer",
        "isSynchronous": False,
        "currencies": ["EUR"],
        "minAmount": "1.00",
        "maxAmount": "1000.00",
        "dailyLimit": "5000.00",
        "velocityLimits": [{"window": "HOUR", "maxCount": 10, "maxAmount": "2000.00", "scope": "DEBTOR_ACCOUNT"}],
        "feeSchedule": {"type": "PERCENTAGE", "payer": "DEBTOR", "percentage": "0.25", "min": "0.10", "max": "5.00"},
        "cutOffTime": "15:00",
        "timeZone": "Europe/Berlin",
        "calendar": "TARGET2",
        "rail": "clearing_file",
        "railFallbacks": ["internal"],
        "approvalThreshold": "900.00",
        "retryPolicy": {"maxAttempts": 3, "backoffSeconds": 30},
        "status": "DRAFT",
        "reason": "first try",
    }
    made = send(api, "POST", "", {"code": "SEPA", **terms}).json()
    assert {name: made[name] for name in terms} == terms
    assert [note.partition(":")[0] for note in made["notes"]] == ["rail"]
    refused = send(api, "POST", "/SEPA/activate", {"version": 1})
    assert problem(refused) == (409, "not_activatable", ["/rail"])
    assert "clearing_file is not connected" in refused.json()["detail"]


def test_drafts_versions_diff_activation_and_rollback(api: Api) -> None:
    offer(api, processingFee="1")
    draft = send(api, "PUT", "/SEPA", {"name": "SEPA", "processingFee": "2", "status": "DRAFT"})
    assert (draft.json()["status"], draft.json()["version"]) == ("DRAFT", 2)
    assert send(api, "GET", "/SEPA").json()["version"] == 1
    assert send(api, "GET", "/SEPA?version=2")["ETag"] == draft["ETag"]
    change = {"member": "processingFee", "oldValue": "1.00", "newValue": "2.00"}
    assert send(api, "GET", "/SEPA/diff?from=1&to=2").json() == {"code": "SEPA", "fromVersion": 1, "toVersion": 2, "changes": [change]}
    assert send(api, "GET", "/SEPA/diff").json()["changes"] == [change]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scheduled = send(api, "POST", "/SEPA/activate", {"version": 2, "activateAt": later}).json()
    assert (scheduled["status"], scheduled["activateAt"] is not None) == ("DRAFT", True)
    assert send(api, "POST", "/SEPA/activate", {"version": 2, "reason": "go"}).json()["status"] == "ACTIVE"
    back = send(api, "POST", "/SEPA/rollback", {"version": 1, "reason": "no"}).json()
    assert (back["version"], back["rollbackOf"], back["processingFee"], back["createdBy"]) == (3, 1, "1.00", api.client_id)
    first = send(api, "GET", "/SEPA/versions?limit=2").json()
    rest = send(api, "GET", f"/SEPA/versions?limit=2&cursor={first['nextCursor']}").json()
    assert [(row["version"], row["status"]) for row in first["data"] + rest["data"]] == [(3, "ACTIVE"), (2, "RETIRED"), (1, "RETIRED")]
    assert send(api, "POST", "/SEPA/retire", {"reason": "over"}).json()["retireReason"] == "over"
    assert send(api, "POST", "/SEPA/retire").json()["status"] == "RETIRED"
    assert [row["version"] for row in send(api, "GET", "?status=RETIRED").json()["data"]] == [3]


def test_stale_copies_change_nothing(api: Api, in_tenant_a: TenantRecord) -> None:
    etag = offer(api)["ETag"]
    draft = {"name": "SEPA", "maxAmount": "5", "status": "DRAFT"}
    drafted = send(api, "PUT", "/SEPA", draft, **{"If-Match": etag})
    assert send(api, "PUT", "/SEPA", {**draft, "maxAmount": "6"}, **{"If-Match": drafted["ETag"]}).status_code == 200
    assert problem(send(api, "PUT", "/SEPA", draft, **{"If-Match": drafted["ETag"]}))[:2] == (412, "stale_version")
    assert send(api, "PUT", "/SEPA", {"name": "SEPA", "maxAmount": "7"}, **{"If-Match": etag}).status_code == 200
    body: dict[str, Any]
    for verb, path, body in (
        ("PUT", "", {"name": "Other"}),
        ("POST", "/activate", {"version": 2}),
        ("POST", "/retire", {}),
        ("POST", "/rollback", {"version": 1}),
    ):
        assert problem(send(api, verb, f"/SEPA{path}", body, **{"If-Match": etag}))[:2] == (412, "stale_version")
    assert sorted(PaymentType.objects.values_list("version", "status")) == [(1, "RETIRED"), (2, "DRAFT"), (3, "ACTIVE")]


def test_a_key_gives_the_first_answer_again(api: Api) -> None:
    first = api.post(PATH, {"code": "SEPA", "name": "SEPA"}, key="k")
    again = api.post(PATH, {"name": "SEPA", "code": "SEPA"}, key="k")
    assert (first.status_code, again.status_code, again.content, again["Idempotent-Replayed"]) == (201, 201, first.content, "true")
    assert problem(api.post(PATH, {"code": "SEPA", "name": "S"}, key="k"))[:2] == (422, "idempotency_key_reused")


TIERS = {"type": "TIERED", "tiers": [{"upTo": "100", "amount": "1"}, {"upTo": "100", "amount": "2"}, {"amount": "3"}]}


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"code": "sepa"}, "/code", "capital letters"),
        ({"name": " "}, "/name", "1 to 140"),
        ({"minAmount": -1}, "/minAmount", "not negative"),
        ({"maxAmount": "-0.01"}, "/maxAmount", "not negative"),
        ({"dailyLimit": -5.0}, "/dailyLimit", "not negative"),
        ({"dailyLimit": 0}, "/dailyLimit", "greater than zero"),
        ({"maxAmount": "1e3"}, "/maxAmount", "plain decimal"),
        ({"maxAmount": "lots"}, "/maxAmount", "plain decimal"),
        ({"maxAmount": "1.00001"}, "/maxAmount", "4 after the decimal point"),
        ({"minAmount": "2", "maxAmount": "1"}, "/minAmount", "not above the largest"),
        ({"maxAmount": "5.50", "currencies": ["JPY"]}, "/maxAmount", "JPY has 0 digits after the decimal point"),
        ({"dailyLimit": "5.001", "currencies": ["EUR", "JPY"]}, "/dailyLimit", "EUR, JPY have at most 2 digits"),
        ({"processingFee": -1}, "/processingFee", "not negative"),
        ({"processingFee": "11", "maxAmount": "10"}, "/processingFee", "not above the largest amount (10)"),
        ({"processingFee": "1", "feeSchedule": {"type": "FLAT", "amount": "1"}}, "/processingFee", "not both"),
        ({"feeSchedule": {"type": "FLAT"}}, "/feeSchedule/amount", "has amount"),
        ({"feeSchedule": {"type": "FREE"}}, "/feeSchedule/type", "FLAT, PERCENTAGE, TIERED"),
        ({"feeSchedule": {"type": "FLAT", "amount": "1", "payer": "SHARED"}}, "/feeSchedule/payer", "DEBTOR, CREDITOR"),
        ({"feeSchedule": {"type": "FLAT", "amount": "2", "payer": "CREDITOR"}, "minAmount": "1"}, "/feeSchedule", "smallest amount (1)"),
        ({"feeSchedule": {"type": "PERCENTAGE", "percentage": "100.5"}}, "/feeSchedule/percentage", "0 to 100"),
        ({"feeSchedule": {"type": "PERCENTAGE", "percentage": -1}}, "/feeSchedule/percentage", "0 to 100"),
        ({"feeSchedule": {"type": "PERCENTAGE", "percentage": "1", "min": "2", "max": "1"}}, "/feeSchedule/min", "not above the largest"),
        ({"feeSchedule": TIERS}, "/feeSchedule/tiers/1/upTo", "overlap"),
        ({"feeSchedule": {"type": "TIERED", "tiers": [{"amount": "1"}, {"amount": "2"}]}}, "/feeSchedule/tiers/0/upTo", "overlaps"),
        ({"feeSchedule": {"type": "TIERED", "tiers": [{"upTo": "1", "amount": "1"}]}}, "/feeSchedule/tiers/0/upTo", "last tier"),
        ({"feeSchedule": {"type": "TIERED", "tiers": [{}]}}, "/feeSchedule/tiers/0", "one of the two"),
        ({"velocityLimits": [{"window": "WEEK", "maxCount": 1}]}, "/velocityLimits/0/window", "MINUTE, HOUR, DAY, MONTH"),
        ({"velocityLimits": [{"window": "DAY"}]}, "/velocityLimits/0", "maxCount, maxAmount or both"),
        ({"velocityLimits": [{"window": "DAY", "maxCount": 0}]}, "/velocityLimits/0/maxCount", "from 1"),
        ({"velocityLimits": [{"window": "DAY", "maxAmount": "-1"}]}, "/velocityLimits/0/maxAmount", "greater than zero"),
        ({"velocityLimits": [{"window": "DAY", "maxCount": 1, "scope": "CUSTOMER"}]}, "/velocityLimits/0/scope", ""),
        ({"currencies": ["EUX"]}, "/currencies", "EUX"),
        ({"cutOffTime": "15:00"}, "/timeZone", "needs the time zone"),
        ({"cutOffTime": "25:00", "timeZone": "UTC"}, "/cutOffTime", "17:00"),
        ({"cutOffTime": "15:00", "timeZone": "Mars/Olympus"}, "/timeZone", "IANA"),
        ({"calendar": "TARGET3"}, "/calendar", "TARGET2"),
        ({"rail": "carrier_pigeon"}, "/rail", "internal, clearing_file, simulator"),
        ({"rail": "clearing_file", "isSynchronous": False}, "/rail", "not connected"),
        ({"rail": "simulator"}, "/isSynchronous", "isSynchronous false"),
        ({"railFallbacks": ["internal"]}, "/railFallbacks/0", "lead back"),
        ({"rail": "simulator", "railFallbacks": ["internal", "simulator"], "status": "DRAFT"}, "/railFallbacks/1", "lead back"),
        ({"approvalThreshold": 0}, "/approvalThreshold", "greater than zero"),
        ({"retryPolicy": {"maxAttempts": 0, "backoffSeconds": 1}}, "/retryPolicy/maxAttempts", "1 to 10"),
        ({"retryPolicy": {"maxAttempts": 1, "backoffSeconds": 10**6}}, "/retryPolicy/backoffSeconds", "1 to 86400"),
        ({"status": "RETIRED"}, "/status", "DRAFT"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(
    api: Api, in_tenant_a: TenantRecord, change: dict[str, Any], pointer: str, sentence: str
) -> None:
    answer = offer(api, **change)
    status, _, pointers = problem(answer)
    assert (status, pointers) == (422, [pointer])
    assert sentence in answer.json()["errors"][0]["detail"]
    assert not PaymentType.objects.exists()


def test_whole_numbers_may_be_written_with_a_point(api: Api) -> None:
    made = offer(api, velocityLimits=[{"window": "DAY", "maxCount": 5.0}], retryPolicy={"maxAttempts": 2.0, "backoffSeconds": 1.0})
    assert (made.json()["velocityLimits"][0]["maxCount"], made.json()["retryPolicy"]["maxAttempts"]) == (5, 2)
    assert send(api, "POST", "/SEPA/rollback", {"version": 1.0}).json()["version"] == 1
    for version in (1.5, 0, "1", True, None, 10**30):
        assert problem(send(api, "POST", "/SEPA/rollback", {"version": version})) == (422, "validation_failed", ["/version"])


@pytest.mark.parametrize("body", [{"name": "S", "colour": "red"}, {"name": "S", "velocityLimits": [{"window": "DAY", "speed": 1}]}])
def test_unknown_members_are_malformed(api: Api, body: dict[str, Any]) -> None:
    assert problem(send(api, "POST", "", {"code": "SEPA", **body}))[:2] == (400, "unknown_field")


@pytest.mark.parametrize(
    ("verb", "path", "body", "expected"),
    [
        ("GET", "/NOPE", None, (404, "not_found")),
        ("PUT", "/NOPE", {"name": "x"}, (404, "not_found")),
        ("GET", "/NOPE/versions", None, (404, "not_found")),
        ("GET", "/SEPA?version=9", None, (404, "not_found")),
        ("GET", "/SEPA/diff?from=9", None, (404, "not_found")),
        ("GET", "/SEPA/diff", None, (404, "not_found")),
        ("POST", "/SEPA/activate", {"version": 9}, (404, "not_found")),
        ("POST", "/SEPA/rollback", {"version": 9}, (404, "not_found")),
        ("GET", "/SEPA?colour=red", None, (400, "unknown_parameter")),
    ],
)
def test_what_is_not_there(api: Api, verb: str, path: str, body: Any, expected: tuple[int, str]) -> None:
    offer(api)
    assert problem(send(api, verb, path, body))[:2] == expected


def test_reading_needs_one_scope_and_changing_another(tenant_a: TenantRecord) -> None:
    reader = Api(tenant_a, ["config:read"])
    assert reader.get(PATH).status_code == 200
    assert problem(offer(reader))[:2] == (403, "not_authorised")


def test_lists_are_of_the_own_tenant(api: Api, tenant_b: TenantRecord) -> None:
    offer(api)
    with tenant_scope(tenant_b):
        PaymentType.objects.create(code="THEIRS", name="Theirs")
    assert [row["code"] for row in api.get(PATH).json()["data"]] == ["SEPA"]


def test_a_draft_is_discarded(api: Api, tenant_a: TenantRecord) -> None:
    offer(api)
    drafted = send(api, "PUT", "/SEPA", {"name": "SEPA", "processingFee": "2", "status": "DRAFT"})
    stale = drafted["ETag"]
    fresh = send(api, "PUT", "/SEPA", {"name": "SEPA", "processingFee": "3", "status": "DRAFT"})["ETag"]
    assert problem(send(api, "DELETE", "/SEPA?version=2", **{"If-Match": stale}))[:2] == (412, "stale_version")
    gone = send(api, "DELETE", "/SEPA?version=2&reason=not+sold", **{"If-Match": fresh})
    assert (gone.status_code, gone.content) == (204, b"")
    assert problem(send(api, "GET", "/SEPA?version=2"))[:2] == (404, "not_found")
    assert problem(send(api, "DELETE", "/SEPA?version=2"))[:2] == (404, "not_found")
    assert send(api, "GET", "/SEPA").json()["version"] == 1
    with tenant_scope(tenant_a):
        assert OutboxEvent.objects.get(topic="payment_type.discarded").payload["reason"] == "not sold"


def test_a_version_that_was_in_force_is_not_discarded(api: Api) -> None:
    offer(api)
    assert problem(send(api, "DELETE", "/SEPA?version=1"))[:2] == (409, "not_a_draft")
    send(api, "POST", "/SEPA/retire")
    assert problem(send(api, "DELETE", "/SEPA?version=1"))[:2] == (409, "not_a_draft")


def test_which_draft_is_said(api: Api, tenant_b: TenantRecord) -> None:
    offer(api, status="DRAFT")
    for query in ("", "?version=0", "?version=x", "?version=1&version=1", "?version=1&colour=red", f"?version=1&reason={'x' * 501}"):
        assert send(api, "DELETE", f"/SEPA{query}").status_code == 400, query
    stranger = Api(tenant_b)
    assert stranger.send("DELETE", f"{PATH}/SEPA?version=1").status_code == 403
    assert stranger.send("DELETE", "/config/tenants/beta-bank/payment-types/SEPA?version=1").status_code == 404
    assert send(api, "GET", "/SEPA").json()["status"] == "DRAFT"
