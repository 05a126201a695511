"""/config/tenants as the deployment guide calls it, and what is refused there."""

from typing import Any

import pytest

from config_mgmt.models import ConfigVersion, TenantChange
from events.models import IdempotencyKey, OutboxEvent
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import Tenant
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.tenants.conftest import Platform

pytestmark = pytest.mark.django_db


def refusals(answer: Any) -> tuple[int, str, list[str]]:
    problem = answer.json()
    return answer.status_code, problem["code"], [error["pointer"] for error in problem["errors"]]


def test_a_tenant_is_taken_on_with_number_features_history_and_event(platform: Platform, wanted: dict[str, Any]) -> None:
    answer = platform.post("/config/tenants", wanted)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/config/tenants/gamma-bank"
    assert made["reference"].startswith("TIDLT-100")
    assert (made["status"], made["isolation"], made["profile"]["environment"]) == ("ACTIVE", "shared", "PRODUCTION")
    assert made["configuration"] == {"features": {"advancedMonitoring": False, "bulkProcessing": False, "iso20022": True}}
    with tenant_scope(registry.tenant_by_slug("gamma-bank")):
        assert ConfigVersion.objects.get(key="iso20022").value == {"enabled": True, "config": {"rolloutPercentage": 100}}
        change = TenantChange.objects.get()
        assert (change.kind, change.from_status, change.to_status, change.changed_by) == ("CREATED", None, "ACTIVE", platform.client_id)
        assert change.changed_by_person == "olga"
        event = OutboxEvent.objects.get(topic="tenant.created")
        assert (event.subject_id, event.payload["reference"]) == (change.id, made["reference"])


def test_the_same_request_again_changes_nothing(platform: Platform, wanted: dict[str, Any]) -> None:
    first = platform.post("/config/tenants", wanted)
    again = platform.post("/config/tenants", wanted)
    assert (again.status_code, again.json()) == (200, first.json())
    assert Tenant.objects.filter(slug="gamma-bank").count() == 1


class TestIdempotency:
    """Keys of requests that are no tenant's are the platform's."""

    def test_a_key_brings_its_answer_again(self, platform: Platform, wanted: dict[str, Any]) -> None:
        first = platform.post("/config/tenants", wanted, Idempotency_Key="take-on-1")
        platform.patch("/config/tenants/gamma-bank", {"tenantName": "Gamma Bank AG"})
        again = platform.post("/config/tenants", wanted, Idempotency_Key="take-on-1")
        assert (first.status_code, "Idempotent-Replayed" in first.headers, "ETag" in first.headers) == (201, False, True)
        assert (again.status_code, again.headers["Idempotent-Replayed"], again.content) == (201, "true", first.content)
        assert again.headers["Location"] == first.headers["Location"]
        assert "ETag" not in again.headers, "the tenant has moved on"

    def test_another_body_with_the_key_is_refused(self, platform: Platform, wanted: dict[str, Any]) -> None:
        platform.post("/config/tenants", wanted, Idempotency_Key="take-on-1")
        answer = platform.post("/config/tenants", wanted | {"tenantId": "delta-bank"}, Idempotency_Key="take-on-1")
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert not Tenant.objects.filter(slug="delta-bank").exists()

    def test_a_refusal_is_kept_with_its_key(self, platform: Platform, wanted: dict[str, Any]) -> None:
        platform.post("/config/tenants", wanted)
        for _ in range(2):
            answer = platform.post("/config/tenants", wanted | {"tenantName": "Other Bank"}, Idempotency_Key="take-on-2")
            assert (answer.status_code, answer.json()["code"]) == (409, "tenant_exists")
        assert answer.headers["Idempotent-Replayed"] == "true"

    def test_a_tenants_key_is_another_one(self, platform: Platform, wanted: dict[str, Any], tenant_a: TenantRecord) -> None:
        with tenant_scope(tenant_a):
            facts = {"fingerprint": b"1" * 32, "response_status": 201, "response_body": "{}"}
            IdempotencyKey.objects.create(key="take-on-1", **facts)
        assert platform.post("/config/tenants", wanted, Idempotency_Key="take-on-1").status_code == 201


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tenantName": "Other Bank"}, "tenantName"),
        ({"subscriptionTier": "BASIC"}, "subscriptionTier"),
        ({"isolation": "schema"}, "isolation"),
        ({"configuration": {"features": {"iso20022": False}}}, "configuration.features.iso20022"),
        ({"profile": {"city": "Berlin"}}, "profile.city"),
    ],
)
def test_another_tenant_of_the_same_id_is_refused(platform: Platform, wanted: dict[str, Any], change: dict[str, Any], named: str) -> None:
    platform.post("/config/tenants", wanted)
    answer = platform.post("/config/tenants", wanted | change)
    assert (answer.status_code, answer.json()["code"]) == (409, "tenant_exists")
    assert named in answer.json()["detail"]


def test_a_profile_is_kept(platform: Platform, wanted: dict[str, Any]) -> None:
    profile = {
        "companyName": "New Client Inc.",
        "address": "123 Main Street",
        "city": "New York",
        "state": "NY",
        "country": "USA",
        "timeZone": "America/New_York",
        "currency": "USD",
        "region": "us-east-1",
    }
    made = platform.post("/config/tenants", {**wanted, "profile": profile}).json()
    assert made["profile"] == {**profile, "environment": "PRODUCTION"}
    assert platform.get(f"/config/tenants/{made['reference']}").json() == made


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"tenantId": "Gamma"}, "/tenantId", "capital letters are not allowed"),
        ({"tenantId": "g" * 64}, "/tenantId", "at most 63"),
        ({"tenantId": "gamma_bank"}, "/tenantId", "lowercase letters, digits and single hyphens"),
        ({"tenantId": "gamma--bank"}, "/tenantId", "single hyphens"),
        ({"tenantId": "9-bank"}, "/tenantId", "starts with a lowercase letter"),
        ({"tenantId": ""}, "/tenantId", "needs an id"),
        ({"tenantId": "gamma", "profile": {"environment": "SANDBOX"}}, "/tenantId", "ends in -sbx, such as gamma-sbx"),
        ({"tenantId": "gamma-dev", "profile": {"environment": "PRODUCTION"}}, "/tenantId", "one of DEVELOPMENT"),
        ({"tenantName": " "}, "/tenantName", "1 to 140"),
        ({"tenantName": "x" * 141}, "/tenantName", "1 to 140"),
        ({"tenantType": "SHOP"}, "/tenantType", "BANK, BILLER, PAYMENT_INSTITUTION"),
        ({"subscriptionTier": "GOLD"}, "/subscriptionTier", "BASIC, STANDARD, PREMIUM, ENTERPRISE"),
        ({"isolation": "database"}, "/isolation", "shared, schema"),
        ({"status": "SUSPENDED"}, "/status", "ACTIVE, PENDING_ACTIVATION"),
        ({"profile": {"environment": ""}}, "/profile/environment", "SANDBOX, DEMO, DEVELOPMENT, PRODUCTION"),
        ({"profile": {"environment": "MOON"}}, "/profile/environment", "SANDBOX, DEMO, DEVELOPMENT, PRODUCTION"),
        ({"profile": {"country": "Utopia"}}, "/profile/country", "ISO 3166-1"),
        ({"profile": {"country": "XX"}}, "/profile/country", "ISO 3166-1"),
        ({"profile": {"timeZone": "Mars/Base"}}, "/profile/timeZone", "Europe/Berlin"),
        ({"profile": {"timeZone": "../etc/passwd"}}, "/profile/timeZone", "IANA"),
        ({"profile": {"currency": "EURO"}}, "/profile/currency", "ISO 4217"),
        ({"profile": {"currency": "ZZZ"}}, "/profile/currency", "ISO 4217"),
        ({"profile": {"city": "x" * 81}}, "/profile/city", "at most 80"),
        ({"configuration": {"features": {"no spaces": True}}}, "/configuration/features/no spaces", "letters, digits"),
        ({"tenantId": "payment-engine", "isolation": "schema"}, "/tenantId", "schema of the engine"),
    ],
)
def test_what_breaks_the_rules_is_refused_with_pointer_and_sentence(
    platform: Platform, wanted: dict[str, Any], change: dict[str, Any], pointer: str, words: str
) -> None:
    before = Tenant.objects.count()
    answer = platform.post("/config/tenants", {**wanted, **change})
    assert answer.status_code == 422, answer.content
    found = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert words in found[pointer]
    assert Tenant.objects.count() == before


def test_unknown_members_are_malformed(platform: Platform, wanted: dict[str, Any]) -> None:
    assert refusals(platform.post("/config/tenants", {**wanted, "colour": "red"})) == (400, "unknown_field", ["/colour"])
    assert refusals(platform.post("/config/tenants", {"tenantId": "x-bank"})) == (422, "validation_failed", ["/tenantName"])
    assert platform.get("/config/tenants?colour=red").status_code == 400
    assert platform.get("/config/tenants?status=ASLEEP").status_code == 400


@pytest.mark.parametrize(
    ("slug", "environment"), [("gamma-sbx", "SANDBOX"), ("gamma-dev", "DEVELOPMENT"), ("gamma-demo", "DEMO"), ("g", "PRODUCTION")]
)
def test_the_name_tells_the_environment(platform: Platform, wanted: dict[str, Any], slug: str, environment: str) -> None:
    assert platform.post("/config/tenants", {**wanted, "tenantId": slug}).json()["profile"]["environment"] == environment


def test_the_longest_name_works(platform: Platform, wanted: dict[str, Any]) -> None:
    slug = "g" * 63
    assert platform.post("/config/tenants", {**wanted, "tenantId": slug}).status_code == 201
    assert platform.get(f"/config/tenants/{slug}").json()["tenantId"] == slug


def test_a_schema_of_its_own_waits_for_the_operators(platform: Platform, wanted: dict[str, Any]) -> None:
    answer = platform.post("/config/tenants", {**wanted, "isolation": "schema"})
    made = answer.json()
    assert (answer.status_code, made["status"], made["isolation"]) == (201, "PENDING_ACTIVATION", "schema")
    assert "onboard_tenant" in made["statusDetail"]
    assert made["configuration"]["features"]["iso20022"] is True
    assert platform.post("/config/tenants", {**wanted, "isolation": "schema"}).status_code == 200
    assert platform.patch("/config/tenants/gamma-bank", {"status": "ACTIVE"}).json()["code"] == "tenant_awaits_schema"
    assert platform.post("/config/tenants/gamma-bank/features/x", {"enabled": True}).json()["code"] == "tenant_awaits_schema"


def test_a_pending_tenant_is_activated(platform: Platform, wanted: dict[str, Any]) -> None:
    assert platform.post("/config/tenants", {**wanted, "status": "PENDING_ACTIVATION"}).json()["status"] == "PENDING_ACTIVATION"
    assert platform.patch("/config/tenants/gamma-bank", {"status": "ACTIVE"}).json()["status"] == "ACTIVE"


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_the_platform_sees_all_and_a_tenant_itself(platform: Platform, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    assert [row["tenantId"] for row in platform.get("/config/tenants").json()["data"]] == ["beta-bank", "alpha-bank"]
    assert [row["tenantId"] for row in platform.get("/config/tenants", X_Tenant_ID="beta-bank").json()["data"]] == ["beta-bank"]
    alpha = Api(tenant_a)
    assert [row["tenantId"] for row in alpha.get("/config/tenants").json()["data"]] == ["alpha-bank"]
    assert alpha.get("/config/tenants/alpha-bank").json()["reference"] == tenant_a.reference
    for other in ("beta-bank", tenant_b.reference, "nobody"):
        assert refusals(alpha.get(f"/config/tenants/{other}"))[:2] == (403, "tenant_mismatch")
        assert refusals(alpha.get(f"/config/tenants/{other}/history"))[:2] == (403, "tenant_mismatch")
    assert platform.get("/config/tenants/nobody").status_code == 404


def test_the_list_is_filtered_and_paged(platform: Platform, wanted: dict[str, Any]) -> None:
    for number in range(3):
        platform.post("/config/tenants", {**wanted, "tenantId": f"paged-{number}", "subscriptionTier": "BASIC"})
    platform.patch("/config/tenants/paged-1", {"status": "SUSPENDED"})
    assert [row["tenantId"] for row in platform.get("/config/tenants?tier=BASIC&status=ACTIVE").json()["data"]] == ["paged-2", "paged-0"]
    first = platform.get("/config/tenants?tier=BASIC&limit=2").json()
    assert ([row["tenantId"] for row in first["data"]], first["hasMore"]) == (["paged-2", "paged-1"], True)
    rest = platform.get(f"/config/tenants?tier=BASIC&limit=2&cursor={first['nextCursor']}").json()
    assert ([row["tenantId"] for row in rest["data"]], rest["hasMore"]) == (["paged-0"], False)


def test_tenants_manage_no_tenants(tenant_a: TenantRecord, wanted: dict[str, Any]) -> None:
    alpha = Api(tenant_a)
    assert refusals(alpha.post("/config/tenants", wanted, key=None))[:2] == (403, "not_authorised")
    assert refusals(alpha.send("PATCH", "/config/tenants/alpha-bank", {"status": "SUSPENDED"}))[:2] == (403, "not_authorised")


def test_a_platform_token_without_platform_admin_sees_no_tenants(db: None) -> None:
    reader = Platform(scopes=["config:read"])
    assert reader.get("/config/tenants").status_code == 403
    assert reader.get("/config/tenants/alpha-bank").status_code == 403


# --- Changing --------------------------------------------------------------------------------------------------------


def test_members_are_changed_and_the_history_says_from_what_to_what(platform: Platform, wanted: dict[str, Any]) -> None:
    platform.post("/config/tenants", wanted)
    answer = platform.patch(
        "/config/tenants/gamma-bank",
        {"tenantName": "Gamma AG", "subscriptionTier": "PREMIUM", "profile": {"city": "Bern"}, "reason": "new contract"},
    )
    changed = answer.json()
    assert (changed["tenantName"], changed["subscriptionTier"], changed["profile"]["city"]) == ("Gamma AG", "PREMIUM", "Bern")
    newest = platform.get("/config/tenants/gamma-bank/history").json()["data"][0]
    assert (newest["kind"], newest["reason"], newest["changedBy"]) == ("CHANGED", "new contract", platform.client_id)
    assert newest["changes"] == {
        "name": {"from": "Gamma Bank", "to": "Gamma AG"},
        "tier": {"from": "STANDARD", "to": "PREMIUM"},
        "city": {"from": "", "to": "Bern"},
    }


def test_another_tier_is_another_configuration(platform: Platform, wanted: dict[str, Any]) -> None:
    platform.post("/config/tenants", wanted)
    before = registry.config_revision_of("gamma-bank")
    platform.patch("/config/tenants/gamma-bank", {"profile": {"city": "Bern"}})
    assert registry.config_revision_of("gamma-bank") == before
    platform.patch("/config/tenants/gamma-bank", {"subscriptionTier": "PREMIUM"})
    assert registry.config_revision_of("gamma-bank") == before + 1


def test_an_outdated_copy_is_refused(platform: Platform, wanted: dict[str, Any]) -> None:
    platform.post("/config/tenants", wanted)
    seen = platform.get("/config/tenants/gamma-bank").headers["ETag"]
    changed = platform.patch("/config/tenants/gamma-bank", {"tenantName": "Gamma AG"}, If_Match=seen)
    assert (changed.status_code, changed.headers["ETag"] != seen) == (200, True)
    assert platform.patch("/config/tenants/gamma-bank", {"tenantName": "Gamma SA"}, If_Match=seen).status_code == 412
    assert platform.get("/config/tenants/gamma-bank").json()["tenantName"] == "Gamma AG"


def test_what_is_so_already_is_no_change(platform: Platform, wanted: dict[str, Any]) -> None:
    platform.post("/config/tenants", wanted)
    seen = platform.get("/config/tenants/gamma-bank").headers["ETag"]
    same = platform.patch("/config/tenants/gamma-bank", {"tenantName": "Gamma Bank", "status": "ACTIVE"})
    assert (same.status_code, same.headers["ETag"]) == (200, seen)
    assert [row["kind"] for row in platform.get("/config/tenants/gamma-bank/history").json()["data"]] == ["CREATED"]


@pytest.mark.parametrize(
    "change",
    [
        {"tenantName": ""},
        {"tenantType": "SHOP"},
        {"subscriptionTier": "GOLD"},
        {"status": "GONE"},
        {"profile": {"environment": "SANDBOX"}},
        {"profile": {"country": "X"}},
    ],
)
def test_changes_follow_the_same_rules(platform: Platform, wanted: dict[str, Any], change: dict[str, Any]) -> None:
    platform.post("/config/tenants", wanted)
    assert platform.patch("/config/tenants/gamma-bank", change).status_code == 422
