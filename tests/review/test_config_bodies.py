"""Attacks of a stranger on configuration: bodies, paths, times and numbers nobody sane sends."""

import pytest

from config_mgmt.models import ConfigVersion
from tenants.registry import TenantRecord
from tests.api import Api
from tests.review.platform_api import config

pytestmark = pytest.mark.django_db


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
        for depth in (19, 25, *range(100, 1100, 75), 5000):
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
