"""What a setting takes, digit by digit, and what is refused at its pointer."""

from typing import Any

import pytest

from config_mgmt.models import ConfigVersion
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, PATH, Platform, problem, save, shown

pytestmark = pytest.mark.django_db
NO_AMOUNTS: tuple[Any, ...] = ("-1", "0", "1e5", "NaN", "", "abc", "1.23456", True, [], {}, "1" * 19, "٣", "1,0", " 1", "1" + "0" * 14)


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

    @pytest.mark.parametrize(
        ("key", "value", "unknown"),
        [
            ("payment.rails_out_of_service", ["simulator", "simulater_instant"], "simulater_instant"),
            ("payment.rails_out_of_service", ["internal"], "internal"),
            ("payment.rails_out_of_service", ["sim*"], "sim*"),
            ("config.four_eyes_keys", ["payment.*", "nothing.such"], "nothing.such"),
            ("config.four_eyes_keys", ["payments.*"], "payments.*"),
            ("config.four_eyes_keys", ["custom_*"], "custom_*"),
        ],
    )
    def test_a_name_of_nothing(self, api: Api, key: str, value: list[str], unknown: str) -> None:
        answer = save(api, value, key)
        assert problem(answer) == (422, "setting_invalid", ["/configValue"])
        assert answer.json()["detail"].startswith(f"{unknown} names nothing; {key} is a list of ")
        assert ConfigVersion.objects.count() == 0

    @pytest.mark.parametrize("value", [["*"], ["payment.*", "tenant.time_zone"], ["custom.limit", "custom.*", "cus*"], []])
    def test_patterns_that_name_something(self, api: Api, value: list[str]) -> None:
        assert save(api, value, "config.four_eyes_keys").status_code in {201, 202}

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
