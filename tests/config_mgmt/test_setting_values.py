"""What code reads: typed values from memory, and what JSON becomes them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_mgmt.errors import SettingInvalid
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.setting_types import json_of, read_value, sentence_of, stored_value
from config_mgmt.settings_catalogue import BY_KEY, SETTINGS, setting_of
from config_mgmt.settings_values import setting
from config_mgmt.values import Actor
from payment_engine.api.json import decode
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

LIMIT = BY_KEY["payment.max_daily_limit"]
FREE = setting_of("custom.x")
PLATFORM = Authority(is_platform=True)


def save(key: str, value: Any) -> None:
    change_setting(key=key, value=value, actor=Actor(name="ada", person="ada"), authority=PLATFORM)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "stored", "value"),
    [
        ("payment.max_daily_limit", "100000.00", Decimal("100000.00")),
        ("payment.default_currency", "CHF", "CHF"),
        ("tenant.time_zone", "Europe/Zurich", ZoneInfo("Europe/Zurich")),
        ("iso20022.payment_type", "SEPA", "SEPA"),
        ("iso20022.answer_within", "PT5S", timedelta(seconds=5)),
        ("custom.x", {"a": [1]}, {"a": [1]}),
    ],
)
def test_a_value_in_its_type(in_tenant_a: TenantRecord, tenant_b: TenantRecord, key: str, stored: Any, value: Any) -> None:
    before = setting(key)
    save(key, stored)
    assert (setting(key), before == value) == (value, False)
    with tenant_scope(tenant_b):
        assert setting(key) == before


@pytest.mark.django_db
def test_the_defaults(in_tenant_a: TenantRecord) -> None:
    assert {declared.key: setting(declared.key) for declared in SETTINGS} == {
        "payment.max_daily_limit": None,
        "payment.default_currency": "EUR",
        "payment.rails_out_of_service": (),
        "tenant.time_zone": ZoneInfo("UTC"),
        "iso20022.payment_type": "INTERNAL_TRANSFER",
        "iso20022.answer_within": timedelta(seconds=20),
        "config.four_eyes_keys": (),
    }


@pytest.mark.django_db
def test_another_environments_value_does_not_apply_here(in_tenant_a: TenantRecord) -> None:
    actor = Actor(name="ada", person="ada")
    change_setting(key="payment.default_currency", value="CHF", actor=actor, authority=PLATFORM, environment="staging")
    assert setting("payment.default_currency") == "EUR"


@pytest.mark.django_db
def test_a_stored_value_that_does_not_fit_any_more_does_not_apply(in_tenant_a: TenantRecord) -> None:
    ConfigVersion.objects.create(
        kind="SETTING",
        key="payment.default_currency",
        version=1,
        value="DEM",
        status="ACTIVE",
        changed_by="old",
        changed_by_person="old",
        activated_at="2020-01-01T00:00:00Z",
    )
    assert setting("payment.default_currency") == "EUR"


@pytest.mark.django_db(transaction=True)
def test_reading_costs_no_query(tenant_a: TenantRecord, django_assert_num_queries: Any) -> None:
    with tenant_scope(tenant_a):
        save("payment.max_daily_limit", "5.00")
        assert setting("payment.max_daily_limit") == 5
        with django_assert_num_queries(0):
            assert all(setting("payment.max_daily_limit") == 5 for _ in range(1000))


@given(st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("99999999999999.9999"), places=4))
def test_a_decimal_survives_as_text_and_as_a_number(amount: Decimal) -> None:
    text = f"{amount:f}"
    for literal in (f'"{text}"', text):
        stored = stored_value(LIMIT, decode(literal.encode(), Any))
        assert (stored, read_value(LIMIT, stored)) == (text, amount)


_TEXTS = st.text(alphabet="aZ9/~.ä€ 😀", max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(_JSON.filter(lambda value: value is not None))
def test_a_free_value_is_kept_as_it_is(value: Any) -> None:
    assert stored_value(FREE, value) == value


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.floats(allow_nan=False, allow_infinity=False).map(repr).map(Decimal))
def test_a_free_number_is_kept_exactly_or_refused(number: Decimal) -> None:
    try:
        stored = stored_value(FREE, [number])[0]
    except SettingInvalid:
        return
    assert Decimal(repr(stored)) == number


@pytest.mark.parametrize("declared", SETTINGS, ids=lambda declared: declared.key)
def test_each_default_is_a_value_the_setting_takes(declared: Any) -> None:
    default = declared.default()
    assert default is None or read_value(declared, json_of(default)) == default
    assert sentence_of(declared).startswith(f"{declared.key} is ")
