"""Settings through the whole stack: declared, checked, versioned, approved, scheduled, brought back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, database_now
from tenants.context import tenant_scope
from tenants.models import ApiClient, Tenant
from tenants.operations.clients import create_api_client
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tenants.scopes import PLATFORM_ADMIN, TENANT_SCOPES
from tenants.tokens import issue_access_token
from tests.api import Api

pytestmark = pytest.mark.django_db
PATH = "/config/tenants/alpha-bank/config"
LIMIT = "payment.max_daily_limit"
NO_AMOUNTS: tuple[Any, ...] = ("-1", "0", "1e5", "NaN", "", "abc", "1.23456", True, [], {}, "1" * 19, "٣", "1,0", " 1", "1" + "0" * 14)


class Person(Api):
    """A client of a tenant with a person behind it."""

    def __init__(self, tenant: TenantRecord, person: str) -> None:
        super().__init__(tenant)
        ApiClient.objects.filter(client_id=self.client_id).update(person=person)
        client_standing.forget()


class Platform(Api):
    def __init__(self) -> None:
        scopes = [PLATFORM_ADMIN, *sorted(TENANT_SCOPES)]
        self.client_id = create_api_client(tenant=None, name="platform", scopes=scopes).client_id
        self.token = issue_access_token(client_id=self.client_id, tenant=None, scopes=scopes, lifetime_seconds=300)
        self._client = Client(raise_request_exception=False)


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


@pytest.fixture
def api_b(tenant_b: TenantRecord) -> Api:
    return Api(tenant_b)


@pytest.fixture
def platform(db: None) -> Platform:
    return Platform()


def save(api: Api, value: Any, key: str = LIMIT, **more: Any) -> Any:
    headers = more.pop("headers", {})
    return api.post(PATH, {"configKey": key, "configValue": value, **more}, **headers)


def shown(api: Api, key: str = LIMIT, environment: str = "production") -> dict[str, Any]:
    (row,) = api.get(f"{PATH}?configKey={key}&environment={environment}").json()["data"]
    return dict(row)


def problem(response: Any) -> tuple[int, str, list[str]]:
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json", body
    return response.status_code, body["code"], [error["pointer"] for error in body["errors"]]


class TestTheGuidesCommand:
    def test_as_printed(self, platform: Platform, tenant_a: TenantRecord) -> None:
        body = {"configKey": LIMIT, "configValue": "100000.00", "environment": "production"}
        answer = platform.post(PATH, body, key=None, **{"X-Tenant-ID": "alpha-bank"})
        assert answer.status_code == 201, answer.content
        made = answer.json()
        expected = {"configKey": LIMIT, "configValue": "100000.00", "environment": "production", "version": 1, "status": "ACTIVE"}
        assert {name: made[name] for name in expected} == expected
        assert (made["tenantId"], made["changedBy"], answer.headers["ETag"]) == ("alpha-bank", platform.client_id, '"v1"')

    def test_the_tenants_number_does_as_well(self, api: Api, tenant_a: TenantRecord) -> None:
        body = {"configKey": LIMIT, "configValue": "1.00"}
        assert api.post(f"/config/tenants/{tenant_a.reference}/config", body).status_code == 201

    def test_a_header_that_names_another_tenant(self, platform: Platform, tenant_b: TenantRecord) -> None:
        answer = platform.post(PATH, {"configKey": LIMIT, "configValue": "1"}, **{"X-Tenant-ID": tenant_b.slug})
        assert problem(answer)[:2] == (403, "tenant_mismatch")

    def test_a_tenant_that_is_not_there(self, platform: Platform) -> None:
        assert problem(platform.get("/config/tenants/nobody-bank/config"))[:2] == (404, "not_found")


class TestValues:
    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("100000.00", "100000.00"),
            ("100000", "100000"),
            (100000, "100000"),
            (b"100000.00", "100000.00"),
            (b"0.1", "0.1"),
            (b"99999999999999.9999", "99999999999999.9999"),
        ],
    )
    def test_a_decimal_is_kept_to_the_digit(self, api: Api, sent: Any, stored: str) -> None:
        if isinstance(sent, bytes):
            answer = api.post(PATH, b'{"configKey": "%s", "configValue": %s}' % (LIMIT.encode(), sent))
        else:
            answer = save(api, sent)
        assert (answer.status_code, answer.json()["configValue"]) == (201, stored)
        assert shown(api)["configValue"] == stored

    @pytest.mark.parametrize("same", ["100.00", 100, "100"])
    def test_what_means_the_same_makes_no_version(self, api: Api, same: Any) -> None:
        save(api, "100.00")
        again = save(api, same)
        assert (again.status_code, again.json()["version"], again.json()["configValue"]) == (200, 1, "100.00")

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *((LIMIT, value) for value in NO_AMOUNTS),
            ("payment.default_currency", "EURO"),
            ("payment.default_currency", "eur"),
            ("payment.default_currency", 978),
            ("tenant.time_zone", "Mars/Olympus"),
            ("tenant.time_zone", "../etc/passwd"),
            ("tenant.time_zone", 1),
            ("iso20022.payment_type", "sepa"),
            ("iso20022.payment_type", "SEPA\n"),
            ("iso20022.payment_type", "A" * 41),
            ("config.four_eyes_keys", "payment.*"),
            ("config.four_eyes_keys", [1]),
            ("config.four_eyes_keys", ["Payment.*"]),
            ("config.four_eyes_keys", ["x"] * 101),
        ],
    )
    def test_what_a_setting_does_not_take(self, api: Api, key: str, value: Any) -> None:
        answer = save(api, value, key)
        assert problem(answer) == (422, "setting_invalid", ["/configValue"])
        assert answer.json()["detail"].startswith(f"{key} is ")
        assert ConfigVersion.objects.count() == 0

    @pytest.mark.parametrize("value", ["PT0S", "PT61S", "20", 20, "P1Y", "-PT5S", "P99999999999999D"])
    def test_a_duration_out_of_bounds(self, platform: Platform, tenant_a: TenantRecord, value: Any) -> None:
        assert problem(save(platform, value, "iso20022.answer_within")) == (422, "setting_invalid", ["/configValue"])

    def test_a_duration(self, platform: Platform, tenant_a: TenantRecord) -> None:
        assert save(platform, "PT5S", "iso20022.answer_within").json()["configValue"] == "PT5S"

    def test_an_unknown_key_is_told_what_it_may_have_meant(self, api: Api) -> None:
        answer = save(api, "1", "payment.max_dayly_limit")
        assert problem(answer) == (422, "setting_unknown", ["/configKey"])
        assert "did you mean payment.max_daily_limit?" in answer.json()["detail"]

    @pytest.mark.parametrize("key", ["x", "custom.", "custom.A", "custom.a b", "custom.ä", "customs.a", "custom.a\n"])
    def test_a_key_nobody_declared(self, api: Api, key: str) -> None:
        assert problem(save(api, "1", key)) == (422, "setting_unknown", ["/configKey"])

    @pytest.mark.parametrize("value", ["text", 7, True, [1, {"a": [None]}], {"fee": 0.25, "nested": {"x": []}}, "", "ä€"])
    def test_a_key_of_ones_own_takes_any_json(self, api: Api, value: Any) -> None:
        assert save(api, value, "custom.my-key").status_code == 201
        assert shown(api, "custom.my-key")["configValue"] == value

    @pytest.mark.parametrize(
        "literal",
        [b"0.12345678901234567890123", b"9007199254740993", b"1e400", b"%s1%s" % (b"[" * 30, b"]" * 30), b'"%s"' % (b"x" * 16385)],
    )
    def test_a_key_of_ones_own_takes_nothing_it_would_change(self, api: Api, literal: bytes) -> None:
        answer = api.post(PATH, b'{"configKey": "custom.x", "configValue": %s}' % literal)
        assert (answer.status_code, ConfigVersion.objects.count()) == (422, 0), answer.content

    @pytest.mark.parametrize("literal", [b'"\\u0000"', b'"\\ud800"', b"1" * 5000, b"[" * 100_000])
    def test_json_that_can_not_be_stored(self, api: Api, literal: bytes) -> None:
        assert api.post(PATH, b'{"configKey": "custom.x", "configValue": %s}' % literal).status_code in {400, 422}

    @pytest.mark.parametrize(
        ("more", "pointer"),
        [
            ({"environment": "Production"}, "/environment"),
            ({"environment": ""}, "/environment"),
            ({"reason": "x" * 501}, "/reason"),
            ({"activateAt": "tomorrow"}, "/activateAt"),
            ({"activateAt": "2020-01-01T00:00:00Z"}, "/activateAt"),
            ({"activateAt": "9999-12-31T23:59:59-14:00"}, "/activateAt"),
            ({"requireApproval": 1}, "/requireApproval"),
        ],
    )
    def test_the_other_members(self, api: Api, more: dict[str, Any], pointer: str) -> None:
        status, _, pointers = problem(save(api, "1", **more))
        assert (status, pointers) == (422, [pointer])

    def test_an_unknown_member(self, api: Api) -> None:
        assert problem(save(api, "1", color="red")) == (400, "unknown_field", ["/color"])


class TestWhereAValueComesFrom:
    def test_default_tier_profile_tenant(self, api: Api, platform: Platform, tenant_a: TenantRecord) -> None:
        key = "payment.default_currency"
        seen = [shown(api, key)]
        defaults = {"defaults": [{"kind": "SETTING", "key": key, "value": "USD"}]}
        assert platform.send("PUT", "/config/tiers/ENTERPRISE/defaults", defaults).status_code == 200
        seen.append(shown(api, key))
        Tenant.objects.filter(slug=tenant_a.slug).update(currency="CHF")
        seen.append(shown(api, key))
        save(api, "JPY", key)
        seen.append(shown(api, key))
        save(api, None, key)
        seen.append(shown(api, key))
        assert [(row["configValue"], row["source"], row["version"]) for row in seen] == [
            ("EUR", "DEFAULT", 0),
            ("USD", "TIER", 0),
            ("CHF", "PROFILE", 0),
            ("JPY", "TENANT", 1),
            ("CHF", "PROFILE", 2),
        ]

    def test_the_list_shows_every_declared_setting_and_ones_own(self, api: Api) -> None:
        save(api, 1, "custom.z")
        rows = api.get(PATH).json()["data"]
        assert [row["configKey"] for row in rows] == sorted(
            [
                "config.four_eyes_keys",
                "custom.z",
                "iso20022.answer_within",
                "iso20022.payment_type",
                LIMIT,
                "payment.default_currency",
                "tenant.time_zone",
            ]
        )
        assert all(row["description"] and row["allowed"] for row in rows)

    def test_in_pages(self, api: Api) -> None:
        first = api.get(f"{PATH}?limit=4").json()
        second = api.get(f"{PATH}?limit=4&cursor={first['nextCursor']}").json()
        keys = [row["configKey"] for row in first["data"] + second["data"]]
        assert (keys, second["hasMore"]) == (sorted(keys), False)
        assert len(set(keys)) == 6

    def test_an_environment_has_its_own_values(self, api: Api) -> None:
        save(api, "1", environment="staging")
        assert (shown(api, environment="staging")["configValue"], shown(api)["configValue"]) == ("1", None)

    def test_nothing_to_take_away(self, api: Api) -> None:
        answer = save(api, None)
        assert (answer.status_code, answer.json()["changeId"], ConfigVersion.objects.count()) == (200, None, 0)

    def test_an_unknown_key_is_not_looked_for(self, api: Api) -> None:
        assert problem(api.get(f"{PATH}?configKey=nonsense")) == (422, "setting_unknown", ["?configKey"])


class TestHistoryAndRollback:
    def test_three_versions_with_actor_and_reason(self, api: Api) -> None:
        save(api, "100.00", reason="first")
        save(api, "200.00", reason="second")
        back = api.post(f"{PATH}/rollback", {"configKey": LIMIT, "environment": "production", "version": 1, "reason": "back"})
        assert (back.status_code, back.json()["version"], back.json()["configValue"], back.json()["rollbackOf"]) == (201, 3, "100.00", 1)
        body = api.get(f"{PATH}/history?configKey={LIMIT}").json()
        assert [(row["version"], row["oldValue"], row["newValue"], row["reason"], row["status"]) for row in body["data"]] == [
            (3, "200.00", "100.00", "back", "ACTIVE"),
            (2, "100.00", "200.00", "second", "SUPERSEDED"),
            (1, None, "100.00", "first", "SUPERSEDED"),
        ]
        assert {row["changedBy"] for row in body["data"]} == {api.client_id}
        assert all(row["changedAt"].endswith("Z") and row["correlationId"] and row["environment"] == "production" for row in body["data"])
        assert (body["hasMore"], body["nextCursor"]) == (False, None)

    def test_history_in_pages_and_by_environment(self, api: Api) -> None:
        for value in ("1", "2", "3"):
            save(api, value)
        save(api, "9", environment="staging")
        first = api.get(f"{PATH}/history?configKey={LIMIT}&environment=production&limit=2").json()
        second = api.get(f"{PATH}/history?configKey={LIMIT}&environment=production&limit=2&cursor={first['nextCursor']}").json()
        assert [row["version"] for row in first["data"] + second["data"]] == [3, 2, 1]

    def test_back_to_no_value(self, api: Api) -> None:
        save(api, "1")
        save(api, None)
        save(api, "2")
        assert api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 2}).status_code == 201
        assert shown(api)["source"] == "DEFAULT"

    def test_back_to_nowhere(self, api: Api) -> None:
        assert problem(api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 9}))[:2] == (404, "not_found")

    def test_diff(self, api: Api) -> None:
        save(api, {"a": 1, "b": {"c": [1]}, "d/e": 0}, "custom.x")
        save(api, {"a": True, "b": {"c": [2]}, "f": 1}, "custom.x")
        body = api.get(f"{PATH}/diff?configKey=custom.x&from=1&to=2").json()
        assert (body["from"]["version"], body["to"]["version"]) == (1, 2)
        assert [(row["op"], row["path"], row["before"], row["after"]) for row in body["differences"]] == [
            ("replace", "/a", 1, True),
            ("replace", "/b/c", [1], [2]),
            ("remove", "/d~1e", 0, None),
            ("add", "/f", None, 1),
        ]
        assert api.get(f"{PATH}/diff?configKey=custom.x&from=2").json()["differences"] == []

    @pytest.mark.parametrize("query", ["", "?configKey=custom.x", "?configKey=custom.x&from=0", "?configKey=custom.x&from=x"])
    def test_half_a_diff(self, api: Api, query: str) -> None:
        assert api.get(f"{PATH}/diff{query}").status_code == 400


class TestStaleCopies:
    def test_the_version_of_the_key(self, api: Api) -> None:
        tag = api.get(f"{PATH}?configKey={LIMIT}").headers["ETag"]
        assert tag == '"v0"'
        assert save(api, "1", headers={"If-Match": tag}).status_code == 201
        stale = save(api, "2", headers={"If-Match": tag})
        assert (problem(stale)[:2], stale.headers["ETag"]) == ((412, "stale_version"), '"v1"')
        assert save(api, "2", headers={"If-Match": '"v1"'}).status_code == 201

    def test_the_whole_list(self, api: Api) -> None:
        tag = api.get(PATH).headers["ETag"]
        assert save(api, "1", headers={"If-Match": tag}).status_code == 201
        assert problem(save(api, "2", headers={"If-Match": tag}))[:2] == (412, "stale_version")

    def test_a_rollback(self, api: Api) -> None:
        save(api, "1")
        save(api, "2")
        answer = api.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 1}, **{"If-Match": '"v1"'})
        assert problem(answer)[:2] == (412, "stale_version")


class TestIdempotency:
    def test_the_same_key_gives_the_same_answer(self, api: Api) -> None:
        body = b'{"configKey": "custom.x", "configValue": 1.50}'
        first, again = (api.post(PATH, body, key="k1") for _ in range(2))
        assert (first.status_code, again.status_code, first.content) == (201, 201, again.content)
        assert (again.headers["Idempotent-Replayed"], again.headers["ETag"]) == ("true", '"v1"')
        other = api.post(PATH, {"configKey": "custom.x", "configValue": 2}, key="k1")
        assert problem(other)[:2] == (422, "idempotency_key_reused")

    def test_a_refusal_is_kept_too(self, api: Api) -> None:
        answers = [api.post(PATH, {"configKey": "nonsense", "configValue": 1}, key="k2") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert "Idempotent-Replayed" in answers[1]


class TestFourEyes:
    @pytest.fixture
    def ada(self, tenant_a: TenantRecord) -> Api:
        return Person(tenant_a, "ada")

    @pytest.fixture
    def ada_again(self, tenant_a: TenantRecord) -> Api:
        return Person(tenant_a, "ada")

    @pytest.fixture
    def bob(self, tenant_a: TenantRecord) -> Api:
        return Person(tenant_a, "bob")

    def decide(self, api: Api, change: Any, verb: str = "approve", body: Any = None) -> Any:
        return api.post(f"{PATH}/changes/{change.json()['changeId']}/{verb}", body)

    def test_who_asks_for_approval_waits_for_it(self, ada: Api, bob: Api) -> None:
        asked = save(ada, "5.00", requireApproval=True)
        assert (asked.status_code, asked.json()["status"], shown(ada)["configValue"]) == (202, "PROPOSED", None)
        approved = self.decide(bob, asked, body={"reason": "fine"})
        assert (approved.status_code, approved.json()["status"], approved.json()["approvedBy"]) == (200, "ACTIVE", bob.client_id)
        assert shown(ada)["configValue"] == "5.00"

    def test_not_by_a_second_key_of_the_same_person(self, ada: Api, ada_again: Api) -> None:
        asked = save(ada, "5.00", requireApproval=True)
        for api in (ada, ada_again):
            assert problem(self.decide(api, asked))[:2] == (403, "self_approval")
        assert shown(ada)["configValue"] is None

    def test_some_keys_always_wait(self, ada: Api, bob: Api) -> None:
        rule = save(ada, ["payment.*"], "config.four_eyes_keys")
        assert (rule.status_code, self.decide(bob, rule).status_code) == (202, 200)
        assert shown(ada)["needsApproval"] is True
        assert save(ada, "5.00").status_code == 202
        assert save(ada, 1, "custom.x").status_code == 201

    def test_a_rollback_of_such_a_key_waits_as_well(self, ada: Api, bob: Api) -> None:
        save(ada, "1")
        save(ada, "2")
        self.decide(bob, save(ada, ["*"], "config.four_eyes_keys"))
        back = ada.post(f"{PATH}/rollback", {"configKey": LIMIT, "version": 1})
        assert (back.status_code, back.json()["status"], shown(ada)["configValue"]) == (202, "PROPOSED", "2")

    def test_pending_and_rejected(self, ada: Api, bob: Api) -> None:
        save(ada, "1")
        asked = save(ada, "5.00", requireApproval=True)
        (waiting,) = ada.get(f"{PATH}/pending").json()["data"]
        assert (waiting["changeId"], waiting["oldValue"], waiting["newValue"], waiting["kind"]) == (
            asked.json()["changeId"],
            "1",
            "5.00",
            "SETTING",
        )
        rejected = self.decide(bob, asked, "reject", {"reason": "no"}).json()
        assert (rejected["status"], rejected["rejectedBy"], rejected["approvedBy"]) == ("REJECTED", bob.client_id, None)
        assert ada.get(f"{PATH}/pending").json()["data"] == []
        assert problem(self.decide(bob, asked))[:2] == (409, "change_decided")

    def test_asked_twice_is_one_proposal(self, ada: Api) -> None:
        assert [save(ada, "5.00", requireApproval=True).json()["version"] for _ in range(2)] == [1, 1]

    @pytest.mark.parametrize("change_id", ["cfg_" + "0" * 32, "x", "pay_" + "0" * 32])
    def test_a_change_that_is_not_there(self, ada: Api, change_id: str) -> None:
        assert problem(ada.post(f"{PATH}/changes/{change_id}/approve", {}))[:2] == (404, "not_found")

    def test_the_neighbours_change_is_not_there(self, ada: Api, tenant_b: TenantRecord) -> None:
        change_id = save(ada, "5.00", requireApproval=True).json()["changeId"]
        theirs = f"/config/tenants/beta-bank/config/changes/{change_id}/approve"
        assert problem(Person(tenant_b, "eve").post(theirs, {}))[:2] == (404, "not_found")


class TestScheduling:
    def test_at_its_time(self, api: Api, tenant_a: TenantRecord) -> None:
        at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        answer = save(api, "9.00", activateAt=at)
        assert (answer.status_code, answer.json()["status"]) == (202, "SCHEDULED")
        with tenant_scope(tenant_a):
            ConfigVersion.objects.update(activate_at=database_now() - timedelta(seconds=1))
            assert activate_due_changes() == 1
        assert shown(api)["configValue"] == "9.00"


class TestWhoMay:
    def test_what_the_platform_alone_changes(self, api: Api, platform: Platform) -> None:
        assert problem(save(api, "PT5S", "iso20022.answer_within"))[:2] == (403, "not_authorised")
        assert save(platform, "PT5S", "iso20022.answer_within").status_code == 201
        assert shown(api, "iso20022.answer_within")["changeableBy"] == "PLATFORM"

    def test_a_neighbour_reads_and_writes_nothing(self, api: Api, api_b: Api) -> None:
        save(api, "1")
        for answer in (api_b.get(PATH), api_b.get(f"{PATH}/history"), save(api_b, "2"), api_b.get(f"{PATH}/export")):
            assert problem(answer)[:2] == (403, "tenant_mismatch")
        assert api_b.get("/config/tenants/beta-bank/config/history").json()["data"] == []
        rows = api_b.get(f"/config/tenants/beta-bank/config?configKey={LIMIT}").json()["data"]
        assert [(row["configValue"], row["source"]) for row in rows] == [(None, "DEFAULT")]
