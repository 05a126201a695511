"""Attacks of a stranger on configuration: other tenants' ids, four eyes, races, snapshots, money, and bodies nobody sane sends."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from config_mgmt.errors import ChangeDecided, ChangeOvertaken, SelfApproval
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change, change_config, database_now
from config_mgmt.queries.versions import active_version
from config_mgmt.snapshots import SnapshotCache
from config_mgmt.values import Actor
from payment_engine.ids import new_id
from payments.models import LimitUsage, Payment
from payments.operations.submit import submit_payments
from payments.queries import todays_payments
from payments.queries.verify import verify_tenant
from payments.states import PaymentStatus
from tenants import registry
from tenants.context import tenant_scope
from tenants.models import ApiClient
from tenants.operations.clients import create_api_client
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tenants.scopes import PLATFORM_ADMIN
from tenants.tokens import issue_access_token
from tests.api import Api
from tests.factories import make_account, make_customer, make_payment_type, payment
from tests.payments.test_concurrency import at_once

pytestmark = pytest.mark.django_db
SETTING = ConfigVersion.Kind.SETTING
LIMIT = "payment.max_daily_limit"
ADA, BOB = Actor(name="cli_ada", person="ada"), Actor(name="cli_bob", person="bob")


def change(value: Any, **more: Any) -> ConfigVersion:
    return change_config(**{"kind": SETTING, "key": LIMIT, "actor": ADA, "value": value, **more})


def in_force(key: str = LIMIT) -> Any:
    version = active_version(SETTING, key)
    return version and version.value


class PlatformApi(Api):
    def __init__(self, *scopes: str, person: str = "", **headers: str) -> None:
        client = create_api_client(tenant=None, name="operations", scopes=scopes, person=person)
        self.client_id = client.client_id
        super().__init__(registry.tenant_by_slug("beta-bank"))
        self.token = issue_access_token(client_id=client.client_id, tenant=None, scopes=sorted(scopes), lifetime_seconds=300)
        self._always = headers

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return super().send(method, path, body, **self._always, **headers)


def person_api(tenant: TenantRecord, person: str) -> Api:
    api = Api(tenant)
    ApiClient.objects.filter(client_id=api.client_id).update(person=person)
    client_standing.forget()
    return api


@pytest.fixture
def committed(transactional_db: None, tenant_a: TenantRecord) -> Iterator[TenantRecord]:
    with tenant_scope(tenant_a):
        yield tenant_a


def config(tenant: TenantRecord, rest: str = "") -> str:
    return f"/config/tenants/{tenant.slug}{rest}"


class TestHostileBodies:
    @pytest.mark.parametrize("number", ["1e30", "1e300", "1.5e25", "123456789012345680000.0", "-1e30"])
    def test_a_number_too_large_for_64_bits_comes_back(self, in_tenant_a: TenantRecord, number: str) -> None:
        api = Api(in_tenant_a)
        for _ in range(2):
            answer = api.post(config(in_tenant_a, "/config"), f'{{"configKey": "custom.number", "configValue": {number}}}')
            assert answer.status_code in {200, 201, 422}, answer.content
            assert api.get(config(in_tenant_a, "/config")).status_code == 200
        for path in ("/config/export", "/config/history", "/config?configKey=custom.number"):
            assert api.get(config(in_tenant_a, path)).status_code in {200, 404}, path

    @pytest.mark.parametrize("number", ["1e30", "1e300", "1.5e25", "123456789012345680000.0"])
    def test_a_payload_with_a_number_too_large_for_64_bits_comes_back(self, in_tenant_a: TenantRecord, number: str) -> None:
        api = Api(in_tenant_a)
        flag = f'{{"enabled": true, "config": {{"variants": [{{"name": "a", "weight": 1, "payload": {{"n": {number}}}}}]}}}}'
        for _ in range(2):
            answer = api.post(config(in_tenant_a, "/features/big"), flag)
            assert answer.status_code in {200, 201, 422}, answer.content
            assert api.get(config(in_tenant_a, "/features/big?unit=x")).status_code in {200, 404}
        for path in ("/config/export", "/features/big/history"):
            assert api.get(config(in_tenant_a, path)).status_code in {200, 404}, path

    def test_minus_zero_is_one_value(self, in_tenant_a: TenantRecord) -> None:
        api = Api(in_tenant_a)
        for spelling in ("-0.0", "0.0", "-0e5"):
            assert api.post(config(in_tenant_a, "/config"), f'{{"configKey": "custom.a", "configValue": [{spelling}]}}').status_code < 300
            flag = f'{{"enabled": true, "config": {{"variants": [{{"name": "a", "weight": 1, "payload": {spelling}}}]}}}}'
            assert api.post(config(in_tenant_a, "/features/z"), flag).status_code < 300
        assert ConfigVersion.objects.count() == 2

    @pytest.mark.parametrize("inner", ['"\\u0000"', "1.5", '"x"'])
    @pytest.mark.parametrize("key", ["fresh", None])
    def test_a_value_nested_deeply(self, in_tenant_a: TenantRecord, inner: str, key: str | None) -> None:
        api = Api(in_tenant_a)
        seen = {}
        for depth in (19, 25, *range(100, 1100, 25), 5000):
            value = "[" * depth + inner + "]" * depth
            items = f'{{"kind": "FEATURE", "key": "deep", "value": {{"enabled": true, "config": {value}}}}}'
            for path, body in (
                ("/config", f'{{"configKey": "custom.deep", "configValue": {value}}}'),
                ("/config/import", f'{{"items": [{items}]}}'),
                ("/config/validate", f'{{"items": [{items}]}}'),
                ("/features/deep", f'{{"enabled": true, "config": {{"variants": [{{"name": "a", "weight": 1, "payload": {value}}}]}}}}'),
                ("/rate-limits?endpoint=*", f'{{"rateLimitPerMinute": {value}, "burstCapacity": 1, "windowSizeSeconds": 60}}'),
            ):
                method = "PUT" if path.startswith("/rate") else "POST"
                headers = {"Idempotency-Key": f"k{depth}{path}"} if key and method == "POST" else {}
                seen[depth, path] = api.send(method, config(in_tenant_a, path), body, **headers).status_code
        assert {place: status for place, status in seen.items() if status >= 500} == {}

    def test_paths_with_characters_no_database_takes(self, in_tenant_a: TenantRecord) -> None:
        api = Api(in_tenant_a)
        seen = {}
        for text in (
            "%00",
            "a%00b",
            "%FF",
            "%ED%A0%80",
            "%F0%9F%92%B0",
            "x" * 5000,
            "..%2F..",
            "%25",
            "%0A",
            "TIDLT-%00",
            "9" * 400,
            "0001-01-01",
            "9999-12-31",
            "2026-02-29",
        ):
            for path in (
                f"/config/tenants/{text}",
                f"/config/tenants/{text}/config",
                config(in_tenant_a, f"/features/{text}"),
                config(in_tenant_a, f"/features/{text}/history"),
                config(in_tenant_a, f"/payment-types/{text}"),
                config(in_tenant_a, f"/payment-types/{text}/versions"),
                config(in_tenant_a, f"/payment-types/{text}/diff"),
                config(in_tenant_a, f"/calendars/{text}"),
                config(in_tenant_a, f"/calendars/{text}/days"),
                config(in_tenant_a, f"/calendars/TARGET2/days/{text}"),
                config(in_tenant_a, f"/config?configKey={text}"),
                config(in_tenant_a, f"/config/history?configKey={text}"),
                config(in_tenant_a, f"/config/diff?configKey={text}&from=1"),
                config(in_tenant_a, f"/config?environment={text}"),
                config(in_tenant_a, f"/rate-limits?endpoint={text}"),
                config(in_tenant_a, f"/rate-limits/history?endpoint={text}"),
                f"/config/tiers/{text}/defaults",
                f"/value-date?calendar={text}",
                f"/value-date?calendar=TARGET2&timeZone={text}",
                f"/value-date?paymentType={text}",
                f"/value-date?calendar=TARGET2&at={text}",
            ):
                seen[path[:90]] = api.get(path).status_code
            for path in (
                config(in_tenant_a, f"/config/changes/{text}/approve"),
                config(in_tenant_a, f"/config/changes/{text}/reject"),
                config(in_tenant_a, f"/features/{text}/kill"),
                config(in_tenant_a, f"/payment-types/{text}/retire"),
            ):
                seen[path[:90]] = api.post(path, None).status_code
            seen[f"POST {text[:20]}"] = api.post(config(in_tenant_a, f"/features/{text}"), {"enabled": True}).status_code
            seen[f"PUT {text[:20]}"] = api.send("PUT", config(in_tenant_a, f"/payment-types/{text}"), {"name": "x"}).status_code
            day = api.send("PUT", config(in_tenant_a, f"/calendars/TARGET2/days/{text}"), {"businessDay": False, "name": "x"})
            seen[f"day {text[:20]}"] = day.status_code
            calendar = api.send("PUT", config(in_tenant_a, f"/calendars/{text}"), {"base": "TARGET2", "name": "x"})
            seen[f"calendar {text[:20]}"] = calendar.status_code
            seen[f"DELETE {text[:20]}"] = api.send("DELETE", config(in_tenant_a, f"/features/{text}")).status_code
            seen[f"DELETE l {text[:20]}"] = api.send("DELETE", config(in_tenant_a, f"/rate-limits?endpoint={text}")).status_code
            seen[f"DELETE r {text[:20]}"] = api.send("DELETE", config(in_tenant_a, f"/rate-limits?endpoint=*&reason={text}")).status_code
        assert {place: status for place, status in seen.items() if status >= 500} == {}

    @pytest.mark.parametrize(
        "at",
        [
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-14:00",
            "9998-12-31T23:59:59-23:59",
            "2099-12-31T23:59:59-23:59",
            "2012-01-01T00:00:00+23:59",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2099-12-31T23:59:59Z",
            "2016-12-31T23:59:60Z",
        ],
    )
    def test_times_at_the_end_of_the_world(self, in_tenant_a: TenantRecord, at: str) -> None:
        api = Api(in_tenant_a)
        api.post(config(in_tenant_a, "/payment-types"), {"code": "P", "name": "P", "status": "DRAFT"})
        seen = {
            "setting": api.post(config(in_tenant_a, "/config"), {"configKey": "custom.a", "configValue": 1, "activateAt": at}),
            "flag": api.post(config(in_tenant_a, "/features/f"), {"enabled": True, "activateAt": at}),
            "schedule": api.post(config(in_tenant_a, "/features/g"), {"enabled": True, "config": {"schedule": {"activeFrom": at}}}),
            "limit": api.send(
                "PUT",
                config(in_tenant_a, "/rate-limits?endpoint=/api/v1/x"),
                {"rateLimitPerMinute": 5, "burstCapacity": 5, "windowSizeSeconds": 60, "activateAt": at},
            ),
            "type": api.post(config(in_tenant_a, "/payment-types/P/activate"), {"version": 1, "activateAt": at}),
            "value date": api.get("/value-date?calendar=TARGET2&at=" + at.replace("+", "%2B")),
            "value date of kiritimati": api.get("/value-date?calendar=TARGET2&timeZone=Pacific/Kiritimati&at=" + at.replace("+", "%2B")),
            "value date of midway": api.get("/value-date?calendar=TARGET2&timeZone=Pacific/Midway&at=" + at.replace("+", "%2B")),
            "every day": api.get("/value-date?calendar=EVERY_DAY&timeZone=Pacific/Kiritimati&at=" + at.replace("+", "%2B")),
            "list": api.get(config(in_tenant_a, "/config/pending")),
            "read": api.get(config(in_tenant_a, "/features/g?unit=a")),
        }
        assert {door: answer.content for door, answer in seen.items() if answer.status_code >= 500} == {}

    @pytest.mark.parametrize(
        "value", ["-0", "-0.0", "1e400", "1e-400", "NaN", "Infinity", "-1", "1e5", "0.00001", "1" * 400, "1e999999999999999999999999"]
    )
    def test_numbers_of_every_member(self, in_tenant_a: TenantRecord, value: str) -> None:
        api = Api(in_tenant_a)
        terms = (
            "minAmount",
            "maxAmount",
            "dailyLimit",
            "processingFee",
            "approvalThreshold",
        )
        seen = {}
        for quoted in (value, f'"{value}"'):
            for n, member in enumerate(terms):
                body = f'{{"code": "T{n}", "name": "T", "{member}": {quoted}}}'
                seen[member, quoted[:9]] = api.post(config(in_tenant_a, "/payment-types"), body)
            for member in (
                f'"feeSchedule": {{"type": "PERCENTAGE", "percentage": {quoted}}}',
                f'"feeSchedule": {{"type": "PERCENTAGE", "percentage": 1, "min": {quoted}, "max": {quoted}}}',
                f'"feeSchedule": {{"type": "TIERED", "tiers": [{{"upTo": {quoted}, "amount": 1}}, {{"percentage": {quoted}}}]}}',
                f'"velocityLimits": [{{"window": "DAY", "maxCount": {quoted}}}]',
                f'"velocityLimits": [{{"window": "DAY", "maxAmount": {quoted}}}]',
                f'"retryPolicy": {{"maxAttempts": {quoted}, "backoffSeconds": {quoted}}}',
                f'"currencies": [{quoted}]',
                f'"cutOffTime": {quoted}',
            ):
                seen[member[:60], quoted[:9]] = api.post(config(in_tenant_a, "/payment-types"), f'{{"code": "X", "name": "T", {member}}}')
            for key in ("payment.max_daily_limit", "iso20022.answer_within", "iso20022.payment_type", "config.four_eyes_keys", "custom.z"):
                seen[key, quoted[:9]] = api.post(config(in_tenant_a, "/config"), f'{{"configKey": "{key}", "configValue": {quoted}}}')
                seen["rollback", quoted[:9]] = api.post(
                    config(in_tenant_a, "/config/rollback"), f'{{"configKey": "{key}", "version": {quoted}}}'
                )
            limit = f'{{"rateLimitPerMinute": {quoted}, "burstCapacity": {quoted}, "windowSizeSeconds": {quoted}}}'
            seen["limit", quoted[:9]] = api.send("PUT", config(in_tenant_a, "/rate-limits?endpoint=/api/v1/y"), limit)
            flag = f'{{"enabled": true, "config": {{"rolloutPercentage": {quoted}, "variants": [{{"name": "a", "weight": {quoted}}}]}}}}'
            seen["flag", quoted[:9]] = api.post(config(in_tenant_a, "/features/n"), flag)
        lists = [
            api.get(config(in_tenant_a, path)) for path in ("/config", "/payment-types", "/features", "/rate-limits", "/config/export")
        ]
        assert [answer.status_code for answer in lists] == [200] * 5
        assert {place: answer.content for place, answer in seen.items() if answer.status_code >= 500} == {}
        assert ConfigVersion.objects.filter(key="payment.max_daily_limit").count() <= 1


class TestOtherTenants:
    def test_no_door_of_another_tenant_opens(self, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        api = Api(tenant_b)
        seen = {}
        for name in (tenant_a.slug, tenant_a.reference, "no-such-bank", "TIDLT-999999"):
            for rest in (
                "",
                "/history",
                "/config",
                "/config/history",
                "/config/pending",
                "/config/export",
                "/features",
                "/features/f",
                "/rate-limits",
                "/rate-limits/history",
                "/payment-types",
                "/payment-types/P",
                "/payment-types/P/versions",
                "/calendars",
                "/calendars/TARGET2",
            ):
                seen[name, rest] = api.get(f"/config/tenants/{name}{rest}")
            seen[name, "set"] = api.post(f"/config/tenants/{name}/config", {"configKey": "custom.a", "configValue": 1})
            seen[name, "import"] = api.post(f"/config/tenants/{name}/config/import", {"items": []})
            seen[name, "flag"] = api.post(f"/config/tenants/{name}/features/f", {"enabled": True})
            seen[name, "type"] = api.post(f"/config/tenants/{name}/payment-types", {"code": "P", "name": "P"})
            seen[name, "limit"] = api.send(
                "PUT",
                f"/config/tenants/{name}/rate-limits?endpoint=*",
                {"rateLimitPerMinute": 1, "burstCapacity": 1, "windowSizeSeconds": 1},
            )
        assert {(answer.status_code, answer.json()["code"]) for answer in seen.values()} == {(403, "tenant_mismatch")}

    def test_header_path_and_token_agree(self, tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        admin = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write")
        weak = PlatformApi("config:read", "config:write")
        a, b = config(tenant_a, "/config"), config(tenant_b, "/config")
        body = {"configKey": "custom.a", "configValue": 1}
        assert admin.post(a, body).status_code == 201
        assert admin.post(a, body, **{"X-Tenant-ID": tenant_b.slug}).status_code == 403
        assert admin.post(b, body, **{"X-Tenant-ID": tenant_b.reference}).status_code == 201
        assert [weak.post(a, body).status_code, weak.get(a).status_code, weak.get("/config/tenants").status_code] == [403] * 3
        assert [weak.get(a, **{"X-Tenant-ID": tenant_a.slug}).status_code, Api(tenant_a).get(a, **{"X-Tenant-ID": ""}).status_code] == [
            403
        ] * 2
        assert weak.get("/config/tiers/BASIC/defaults").status_code == 403
        assert [Api(tenant_a).get("/config/tiers/BASIC/defaults").status_code, Api(tenant_a).post("/config/tenants", {}).status_code] == [
            403
        ] * 2
        assert Api(tenant_a).send("PATCH", config(tenant_a), {"subscriptionTier": "ENTERPRISE"}).status_code == 403
        assert admin.get(a.replace(tenant_a.slug, "no-such-bank")).status_code == 404

    def test_what_the_platform_decides_no_tenant_undoes(self, in_tenant_a: TenantRecord) -> None:
        platform = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", person="operations")
        ours, key = person_api(in_tenant_a, "ada"), "iso20022.answer_within"
        path = config(in_tenant_a, "/config")
        later = (database_now() + timedelta(hours=1)).isoformat()
        scheduled = platform.post(path, {"configKey": key, "configValue": "PT5S", "activateAt": later}).json()
        proposed = platform.post(path, {"configKey": key, "configValue": "PT7S", "requireApproval": True}).json()
        seen = [
            ours.post(path, {"configKey": key, "configValue": "PT9S"}),
            ours.post(f"{path}/rollback", {"configKey": key, "version": 1}),
            ours.post(f"{path}/rollback", {"configKey": key, "version": 77}),
            ours.post(f"{path}/changes/{scheduled['changeId']}/reject", None),
            ours.post(f"{path}/changes/{proposed['changeId']}/reject", None),
            ours.post(f"{path}/changes/{proposed['changeId']}/approve", None),
        ]
        assert [(answer.status_code, answer.json().get("code")) for answer in seen] == [(403, "not_authorised")] * 6
        other = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", person="risk")
        assert other.post(f"{path}/changes/{proposed['changeId']}/approve", None).status_code == 200
        assert other.post(f"{path}/changes/{scheduled['changeId']}/reject", None).status_code == 200


class TestFourEyes:
    def propose(self, api: Api, tenant: TenantRecord, value: str = "10.00") -> str:
        answer = api.post(config(tenant, "/config"), {"configKey": LIMIT, "configValue": value, "requireApproval": True})
        assert answer.status_code == 202, answer.content
        return str(answer.json()["changeId"])

    def approve(self, api: Api, tenant: TenantRecord, change_id: str) -> tuple[int, Any]:
        answer = api.post(config(tenant, f"/config/changes/{change_id}/approve"), None)
        return answer.status_code, answer.json().get("code")

    def test_a_second_client_of_the_person(self, in_tenant_a: TenantRecord) -> None:
        one, other, bob = (person_api(in_tenant_a, person) for person in ("ada", "ada", "bob"))
        made = self.propose(one, in_tenant_a)
        assert self.approve(other, in_tenant_a, made) == (403, "self_approval")
        assert self.approve(bob, in_tenant_a, made) == (200, None)

    def test_the_client_that_asked_under_another_persons_name(self, in_tenant_a: TenantRecord) -> None:
        api = person_api(in_tenant_a, "ada")
        made = self.propose(api, in_tenant_a)
        ApiClient.objects.filter(client_id=api.client_id).update(person="bob")
        client_standing.forget()
        assert self.approve(api, in_tenant_a, made) == (403, "self_approval")

    def test_a_user_whose_name_is_the_clients_person(self, in_tenant_a: TenantRecord) -> None:
        made = self.propose(person_api(in_tenant_a, "ada"), in_tenant_a)
        stored = ConfigVersion.objects.get()
        for name in ("ada", "ADA", " ada "):
            with pytest.raises(SelfApproval):
                approve_change(change_id=stored.id, actor=Actor(name=name, person=name))
        assert made

    def test_a_client_nobody_answers_for(self, in_tenant_a: TenantRecord) -> None:
        made = self.propose(Api(in_tenant_a), in_tenant_a)
        assert self.approve(Api(in_tenant_a), in_tenant_a, made) == (403, "not_authorised")
        assert self.approve(person_api(in_tenant_a, "ada"), in_tenant_a, made) == (200, None)

    def test_no_way_around(self, in_tenant_a: TenantRecord) -> None:
        ada, bob = person_api(in_tenant_a, "ada"), person_api(in_tenant_a, "bob")
        path = config(in_tenant_a, "/config")
        first = ada.post(path, {"configKey": LIMIT, "configValue": "10.00"})
        assert first.status_code == 201
        assert ada.post(path, {"configKey": LIMIT, "configValue": "20.00"}).status_code == 201
        rule = ada.post(path, {"configKey": "config.four_eyes_keys", "configValue": ["payment.*"]}).json()
        assert rule["status"] == "PROPOSED"
        assert self.approve(bob, in_tenant_a, rule["changeId"]) == (200, None)
        item = {"kind": "SETTING", "key": LIMIT, "value": "99.00"}
        later = (database_now() + timedelta(seconds=1)).isoformat()
        ways = {
            "set": ada.post(path, {"configKey": LIMIT, "configValue": "99.00"}),
            "remove": ada.post(path, {"configKey": LIMIT, "configValue": None}),
            "schedule": ada.post(path, {"configKey": LIMIT, "configValue": "98.00", "activateAt": later}),
            "roll back": ada.post(f"{path}/rollback", {"configKey": LIMIT, "version": 1}),
            "other environment": ada.post(path, {"configKey": LIMIT, "configValue": "99.00", "environment": "staging"}),
            "empty the rule": ada.post(path, {"configKey": "config.four_eyes_keys", "configValue": []}),
            "take the rule away": ada.post(path, {"configKey": "config.four_eyes_keys", "configValue": None}),
            "rule elsewhere": ada.post(path, {"configKey": "config.four_eyes_keys", "configValue": [], "environment": "staging"}),
        }
        assert {way: answer.json()["status"] for way, answer in ways.items()} == dict.fromkeys(ways, "PROPOSED")
        imported = ada.post(f"{path}/import", {"items": [item, {**item, "key": "config.four_eyes_keys", "value": []}]})
        assert [verdict["outcome"] for verdict in imported.json()["items"]] == ["UNCHANGED", "UNCHANGED"] or all(
            verdict["outcome"] == "PROPOSED" for verdict in imported.json()["items"]
        )
        assert (in_force(), in_force("config.four_eyes_keys")) == ("20.00", ["payment.*"])
        assert activate_due_changes() == 0

    def test_what_was_overtaken_or_decided_is_not_approved(self, in_tenant_a: TenantRecord) -> None:
        stale = change("10.00", needs_approval=True)
        winner = change("20.00", needs_approval=True)
        approve_change(change_id=winner.id, actor=BOB)
        with pytest.raises(ChangeOvertaken):
            approve_change(change_id=stale.id, actor=BOB)
        assert in_force() == "20.00"

    def test_an_approval_of_what_is_overtaken_by_a_due_change(self, in_tenant_a: TenantRecord) -> None:
        due = change("5.00", activate_at=database_now() + timedelta(hours=1))
        proposal = change("10.00", needs_approval=True)
        ConfigVersion.objects.filter(id=due.id).update(activate_at=database_now())
        with pytest.raises(ChangeOvertaken):
            approve_change(change_id=proposal.id, actor=BOB)
        assert (activate_due_changes(), in_force()) == (1, "5.00")

    @pytest.mark.parametrize("forged", [{"correlation_id": "x"}, {"rollback_of": 7}, {"created_at": "2020-01-01T00:00:00Z"}])
    def test_history_is_frozen(self, in_tenant_a: TenantRecord, forged: dict[str, Any]) -> None:
        version = change("1.00")
        with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
            ConfigVersion.objects.filter(id=version.id).update(**forged)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_one_approval_of_many(self, committed: TenantRecord) -> None:
        proposal = change("10.00", needs_approval=True)

        def approve(number: int) -> str:
            with tenant_scope(committed):
                try:
                    approve_change(change_id=proposal.id, actor=Actor(name=f"c{number}", person=f"p{number}"))
                except (ChangeDecided, SelfApproval) as error:
                    return type(error).__name__
                return "approved"

        assert Counter(at_once(8, approve, workers=8)) == {"approved": 1, "ChangeDecided": 7}
        assert ConfigVersion.objects.filter(status="ACTIVE").count() == 1

    def test_writers_with_one_etag(self, committed: TenantRecord) -> None:
        api, path = Api(committed), config(committed, "/config")
        api.post(path, {"configKey": "custom.a", "configValue": 0})
        seen = Counter(
            at_once(
                8,
                lambda n: api.post(path, {"configKey": "custom.a", "configValue": n + 1}, key=None, **{"If-Match": '"v1"'}).status_code,
                workers=8,
            )
        )
        assert seen == {201: 1, 412: 7}
        for tag in ('W/"v2"', '"v1"', "v2", '"v0"', ""):
            assert api.post(path, {"configKey": "custom.a", "configValue": "z"}, key=None, **{"If-Match": tag}).status_code == 412, tag
        assert api.post(path, {"configKey": "custom.a", "configValue": "z"}, key=None, **{"If-Match": '"x", "v2"'}).status_code == 201
        assert api.post(path, {"configKey": "custom.a", "configValue": "y"}, key=None, **{"If-Match": "*"}).status_code == 201

    def test_everybody_changes_schedules_and_sweeps(self, committed: TenantRecord) -> None:
        for _ in range(5):
            change("0.50", activate_at=database_now() + timedelta(milliseconds=200))

        def work(number: int) -> str:
            with tenant_scope(committed):
                try:
                    if number % 3 == 0:
                        activate_due_changes()
                    elif number % 3 == 1:
                        change(f"{number}.00", actor=BOB)
                    else:
                        made = change(f"{number}.50", needs_approval=True)
                        approve_change(change_id=made.id, actor=BOB)
                except ChangeOvertaken:
                    return "overtaken"
                time.sleep(0.02)
                return "done"

        assert set(at_once(40, work, workers=8)) <= {"done", "overtaken"}
        time.sleep(0.3)
        while activate_due_changes():
            pass
        rows = list(ConfigVersion.objects.order_by("version").values_list("version", "status"))
        assert [number for number, _ in rows] == list(range(1, len(rows) + 1))
        assert Counter(status for _, status in rows)["ACTIVE"] == 1
        assert "SCHEDULED" not in dict(rows).values()


@pytest.mark.django_db(transaction=True)
class TestSnapshots:
    def beside(self, tenant: TenantRecord, work: Callable[[], Any]) -> None:
        """In a transaction of somebody else, committed when this returns."""

        def run() -> None:
            try:
                with tenant_scope(tenant):
                    work()
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    def test_a_revision_seen_in_a_transaction_that_failed(self, committed: TenantRecord) -> None:
        change("1.00")
        reads: list[Any] = []

        def load(_revision: int) -> Any:
            value = in_force()
            reads.append(value)
            if len(reads) == 1:
                self.beside(committed, lambda: change("2.00"))
            return value

        cache = SnapshotCache(load)
        registry.forget()
        with transaction.atomic():
            change("66.00")
            registry.forget()
            registry.tenant_by_slug(committed.slug)
            transaction.set_rollback(True)
        cache.current()
        registry.forget()
        assert cache.current() == "2.00"

    def test_changes_faster_than_they_are_read(self, committed: TenantRecord) -> None:
        change("1.00")
        numbers = iter(range(2, 100))
        busy = True

        def load(_revision: int) -> Any:
            value = in_force()
            if busy:
                self.beside(committed, lambda: change(f"{next(numbers)}.00"))
            return value

        cache = SnapshotCache(load)
        cache.current()
        busy = False
        registry.forget()
        assert cache.current() == in_force()

    def test_a_process_never_keeps_what_was_rolled_back(self, committed: TenantRecord) -> None:
        api, path = Api(committed), config(committed, "/config")
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        submit_payments([payment(ada, bob)])
        for _ in range(3):
            items = [{"kind": "SETTING", "key": LIMIT, "value": "0.01"}, {"kind": "SETTING", "key": "custom.a", "value": 1}]
            assert api.post(f"{path}/validate", {"items": items}).status_code == 200
            registry.forget()
            with transaction.atomic():
                change("0.01")
                registry.forget()
                submit_payments([payment(ada, bob)])
                transaction.set_rollback(True)
            [outcome] = submit_payments([payment(ada, bob)])
            assert outcome.refusal is None
        assert registry.config_revision_of(committed.slug) == registry.tenant_by_slug(committed.slug).config_revision

    def test_a_change_is_read_at_once_where_it_was_made(self, committed: TenantRecord) -> None:
        api = Api(committed)
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        body = {
            "paymentType": "INTERNAL_TRANSFER",
            "debtorAccount": ada.public_id,
            "creditorAccount": bob.public_id,
            "amount": "1.00",
            "currency": "EUR",
        }
        for limit, status in (("0.50", 422), ("500", 201), ("0.60", 422), (None, 201)):
            assert api.post(config(committed, "/config"), {"configKey": LIMIT, "configValue": limit}).status_code == 201
            assert api.post("/transactions", body).status_code == status

    def test_a_suspended_tenant_takes_no_money_and_reads(self, committed: TenantRecord) -> None:
        admin = PlatformApi(PLATFORM_ADMIN, "config:read", "config:write", "payments:read", "payments:write")
        api = Api(committed)
        make_payment_type()
        ada, bob = make_account(funds_minor=1_000_00), make_account()
        body = {
            "paymentType": "INTERNAL_TRANSFER",
            "debtorAccount": ada.public_id,
            "creditorAccount": bob.public_id,
            "amount": "1.00",
            "currency": "EUR",
        }
        assert admin.send("PATCH", config(committed), {"status": "SUSPENDED"}).status_code == 200
        try:
            header = {"X-Tenant-ID": committed.slug}
            refused = [
                api.post("/transactions", body),
                admin.post("/transactions", body, **header),
                api.post(config(committed, "/config"), {}),
            ]
            assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "tenant_suspended")] * 3
            assert [api.get("/transactions").status_code, api.send("HEAD", "/transactions").status_code] == [200, 200]
            assert admin.post(config(committed, "/config"), {"configKey": "custom.a", "configValue": 1}).status_code == 201
        finally:
            admin.send("PATCH", config(committed), {"status": "ACTIVE"})
        assert api.post("/transactions", body).status_code == 201


def codes(items: list[Any]) -> list[str | None]:
    return [outcome.refusal.code if outcome.refusal else None for outcome in submit_payments(items)]


class TestMoney:
    @pytest.mark.parametrize(
        ("currency", "amount", "fee"),
        [
            ("JPY", 49, 0),
            ("JPY", 50, 1),
            ("JPY", 149, 1),
            ("EUR", 50, 1),
            ("EUR", 49, 0),
            ("KWD", 1, 0),
            ("KWD", 50, 1),
            ("KWD", 1_234_567, 12_346),
        ],
    )
    def test_one_per_cent_in_every_unit(self, in_tenant_a: TenantRecord, currency: str, amount: int, fee: int) -> None:
        make_payment_type("PCT", fee_schedule={"type": "PERCENTAGE", "percentage": "1"})
        [outcome] = submit_payments(
            [payment(make_account(currency, 10_000_000), make_account(currency), amount, currency=currency, payment_type="PCT")]
        )
        assert outcome.payment is not None
        assert outcome.payment.fee_minor == fee
        assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []

    def test_a_fee_no_account_can_hold(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("DEAR", processing_fee=Decimal(9000000000000000))
        rich = make_account(overdraft_limit_minor=10**18 - 1)
        bob = make_account()
        made = []
        for _ in range(13):
            account = make_account(overdraft_limit_minor=10**18 - 1)
            made += codes([payment(account, bob, 1, payment_type="DEAR")])
        assert set(made) <= {None, "limit_exceeded", "insufficient_funds"}
        assert rich

    def test_the_creditor_pays_and_the_payment_is_reversed(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("COLLECT", fee_schedule={"type": "FLAT", "amount": "1.00", "payer": "CREDITOR"})
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        [outcome] = submit_payments([payment(ada, bob, 10_00, payment_type="COLLECT")])
        assert outcome.payment is not None
        path = f"/transactions/pay_{outcome.payment.id.hex}/reverse"
        assert api.post(path, {"reason": "r"}).status_code == 422
        assert api.post(path, {"reason": "r", "amount": "9.00"}).status_code == 201
        assert api.post(path, {"reason": "r"}).status_code == 422
        assert [violation for verdict in verify_tenant() for violation in verdict.violations] == []

    def test_a_replay_uses_nothing_of_a_limit(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 2}])
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        body = {"paymentType": "FAST", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id, "amount": "1", "currency": "EUR"}
        answers = [api.post("/transactions", body, key=key).status_code for key in ("a", "a", "a", "b", "a", "c", "b", "c")]
        assert answers == [201, 201, 201, 201, 201, 422, 201, 422]
        assert LimitUsage.objects.get().count == 2

    def test_a_reversal_gives_no_room_and_a_rejection_takes_none(self, in_tenant_a: TenantRecord) -> None:
        make_payment_type("FAST", velocity_limits=[{"window": "DAY", "maxCount": 2}])
        api, ada, bob = Api(in_tenant_a), make_account(funds_minor=100_00), make_account()
        message = new_id()
        items = [payment(ada, bob, 200_00, payment_type="FAST", message_id=message)] + [
            payment(ada, bob, 1_00, payment_type="FAST", message_id=message) for _ in range(4)
        ]
        assert codes(items) == ["insufficient_funds", None, None, "limit_exceeded", "limit_exceeded"]
        assert Counter(Payment.objects.values_list("status", flat=True)) == {PaymentStatus.COMPLETED: 2, PaymentStatus.REJECTED: 3}
        made = Payment.objects.filter(status=PaymentStatus.COMPLETED).first()
        assert made is not None
        assert api.post(f"/transactions/{made.public_id}/reverse", {"reason": "r"}).status_code == 201
        assert codes([payment(ada, bob, 1_00, payment_type="FAST")]) == ["limit_exceeded"]


class TestSettingsAreRead:
    def test_an_account_without_a_currency(self, in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
        change("CHF", key="payment.default_currency")
        opened = {}
        for tenant in (in_tenant_a, tenant_b):
            with tenant_scope(tenant):
                customer = make_customer()
                answer = Api(tenant).post("/accounts", {"customerId": customer.public_id, "name": "Savings", "overdraftLimit": "1.05"})
                opened[tenant.slug] = answer.json()["currency"]
        assert opened == {"alpha-bank": "CHF", "beta-bank": "EUR"}

    def test_today_begins_at_midnight_of_the_tenant(self, in_tenant_a: TenantRecord, monkeypatch: pytest.MonkeyPatch) -> None:
        make_payment_type()
        ada, bob = make_account(funds_minor=100_00), make_account()
        [outcome] = submit_payments([payment(ada, bob)])
        assert outcome.payment is not None
        made_at = outcome.payment.created_at
        asked_at = made_at + timedelta(hours=6)
        monkeypatch.setattr(todays_payments, "now", lambda: asked_at)
        for hours in range(-12, 15):
            change(f"Etc/GMT{-hours:+d}", key="tenant.time_zone")
            same_day = (made_at + timedelta(hours=hours)).date() == (asked_at + timedelta(hours=hours)).date()
            assert [row.count for row in todays_payments.sums_of_todays_payments()] == [1] * same_day, hours
