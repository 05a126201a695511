"""Feature flags in the portal: the list, the form with its estimate, the kill switch."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.flags.evaluate import normalized
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import active_version
from payment_engine.clock import now
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests import factories
from tests.portal.config.steps import diff, make_flag, propose
from tests.portal.pages import html, send, words

pytestmark = pytest.mark.django_db
RULE = [{"constraints": [{"attribute": "channel", "operator": "IN", "values": ["api"]}]}]


def _value(key: str = "new-fees") -> Any:
    version = active_version("FEATURE", key)
    assert version is not None
    return version.value


def _change(key: str = "new-fees") -> str:
    return url_of("feature_change", key)


def _customers(count: int) -> list[Customer]:
    return Customer.objects.bulk_create([Customer(name=f"Customer {n}") for n in range(count)])


def _estimate(client: Client, units: str = "customers", **form: str) -> Any:
    values = {"rollout_percentage": "50", "enabled": "on", "expected_version": "0", "units": units, **form}
    return client.post(url_of("feature_estimate", key="new-fees"), values)


def test_flags_are_listed_with_state_and_share(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    make_flag("half", percentage=50, variants=[{"name": "blue", "weight": 1}])
    make_flag("killed", killSwitch=True)
    make_flag("later", schedule={"activeFrom": (now() + timedelta(days=1)).isoformat()})
    make_flag("over", schedule={"activeUntil": "2026-01-01T00:00:00Z"})
    make_flag("targeted", targeting=RULE)
    page = words(html(operator_a, url_of("features")))
    for shown in ("half On 50 % – blue 1", "killed Killed", "later Not yet", "over Over", "targeted On 50 % 1 rule"):
        assert shown in page, shown
    assert "width: 50%" in html(operator_a, url_of("features"))
    found = words(html(operator_a, url_of("features"), q="targ"))
    assert ("targeted" in found, "killed" in found) == (True, False)


def test_no_flags(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    assert "There are no feature flags." in html(operator_a, url_of("features"))
    assert "No flag has such a key." in html(operator_a, url_of("features"), q="x")


def test_a_flag_is_added(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    answer = propose(
        operator_a,
        url_of("feature_add"),
        key_typed="new-fees",
        enabled="on",
        rollout_percentage="25",
        targeting=json.dumps(RULE),
        variants='[{"name": "blue", "weight": 1, "payload": {"limit": 2.5}}]',
        active_from="2026-06-01T00:00",
        reason="Pilot",
    )
    assert "new-fees v1 is in force." in words(answer.content.decode())
    assert _value() == {
        "enabled": True,
        "config": {
            "rolloutPercentage": 25,
            "targeting": RULE,
            "variants": [{"name": "blue", "weight": 1, "payload": {"limit": 2.5}}],
            "schedule": {"activeFrom": "2026-06-01T00:00:00Z"},
        },
    }


def test_a_key_that_is_taken_or_none_is_said_at_the_field(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    make_flag("new-fees")
    for key, sentence in (("new-fees", "there is a flag with this key"), ("a b", "letters, digits, dots"), ("", "required")):
        answer = propose(operator_a, url_of("feature_add"), key_typed=key, rollout_percentage="25")
        assert sentence in " ".join(answer.context["form"].errors["key_typed"])
    assert ConfigVersion.objects.count() == 1


def test_the_form_shows_the_flag_and_keeps_what_is_not_touched(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    begin = datetime(2026, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)
    make_flag(percentage=40, targeting=RULE, variants=[{"name": "a", "weight": 2}], schedule={"activeFrom": begin.isoformat()})
    before = _value()
    form = operator_a.get(_change()).context["form"]
    values = {name: str(form[name].value() or "") for name in ("targeting", "variants", "active_from", "active_until")}
    shown = send(operator_a, _change(), enabled="on", rollout_percentage="60", **values)
    assert diff(shown) == [("rolloutPercentage", "40", "60")]
    propose(operator_a, _change(), enabled="on", rollout_percentage="60", reason="Next week", **values)
    assert _value() == {**before, "config": {**before["config"], "rolloutPercentage": 60}}


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("rollout_percentage", "101", "less than or equal to 100"),
        ("rollout_percentage", "-1", "greater than or equal to 0"),
        ("rollout_percentage", "some", "whole number"),
        ("targeting", "{", "this is no JSON list"),
        ("targeting", "{}", "Expected `array`"),
        ("targeting", '[{"constraints": []}]', "0/constraints: a rule has 1 to 20 constraints"),
        ("targeting", '[{"constraint": []}]', "0/constraint: this member is not known here"),
        (
            "targeting",
            '[{"constraints": [{"attribute": "x", "operator": "LIKE", "values": ["1"]}]}]',
            "0/constraints/0/operator: an operator is",
        ),
        ("targeting", '[{"constraints": [{"attribute": "x", "operator": "IN", "values": [1]}]}]', "0/constraints/0/values/0"),
        ("variants", '[{"name": "a", "weight": 0}]', "at least one variant has a weight above zero"),
        ("variants", '[{"name": "a", "weight": 1}, {"name": "a", "weight": 1}]', "a name of its own"),
        ("variants", '[{"name": "a", "weight": "1"}]', "0/weight: a weight is a whole number"),
        ("active_until", "2026-01-01T00:00", "a schedule ends after it begins"),
    ],
)
def test_what_a_flag_does_not_take_is_said_at_its_field(
    operator_a: Client, in_tenant_a: TenantRecord, field: str, typed: str, sentence: str
) -> None:
    make_flag()
    values = {"enabled": "on", "rollout_percentage": "50", "active_from": "2026-02-01T00:00", field: typed}
    answer = propose(operator_a, _change(), **values)
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert ConfigVersion.objects.count() == 1


def test_a_change_of_a_flag_waits_for_another_person(operator_a: Client, colleague_a: Client, in_tenant_a: TenantRecord) -> None:
    make_flag()
    propose(operator_a, _change(), enabled="on", rollout_percentage="90", ask_approval="on")
    version = ConfigVersion.objects.get(status="PROPOSED")
    assert operator_a.post(page_of_version(version, "approve"), {}).status_code == 403
    send(colleague_a, page_of_version(version, "approve"))
    assert _value()["config"]["rolloutPercentage"] == 90


def test_a_change_somebody_else_overtook_is_refused(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    make_flag(percentage=10)
    make_flag(percentage=20)
    values = {"enabled": "on", "rollout_percentage": "30", "expected_version": "1"}
    shown = operator_a.post(_change(), values)
    answer = operator_a.post(_change(), {**values, "shown": shown.context["form"].fingerprint})
    assert "changed since you read it" in answer.content.decode()
    assert _value()["config"]["rolloutPercentage"] == 20


def test_the_kill_switch_keeps_all_else(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    make_flag(percentage=40)
    url = url_of("feature_kill", "new-fees")
    assert diff(operator_a.get(url)) == [("killSwitch", "–", "true")]
    send(operator_a, url, reason="Complaints")
    assert _value()["config"] == {"rolloutPercentage": 40, "killSwitch": True}
    page = html(operator_a, url_of("feature", "new-fees"))
    assert "Nobody: the kill switch is on." in page
    assert url not in page, "it is off already"


def test_a_flag_is_removed_and_comes_back_by_a_rollback(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    first = make_flag(percentage=40)
    send(operator_a, url_of("feature_remove", "new-fees"))
    assert _value() is None
    assert "This flag is not in force" in html(operator_a, url_of("feature", "new-fees"))
    assert operator_a.get(_change()).status_code == 404
    send(operator_a, page_of_version(first, "roll_back"))
    assert _value()["config"]["rolloutPercentage"] == 40


@pytest.mark.parametrize("key", ["add", "estimate", "of", "a.b-c_d"])
def test_every_key_has_a_page(operator_a: Client, in_tenant_a: TenantRecord, key: str) -> None:
    make_flag(key)
    assert f"{key}" in words(html(operator_a, url_of("feature", key)))
    assert operator_a.get(url_of("feature_change", key)).status_code == 200


def test_the_estimate_counts_the_tenants_own_units_by_the_published_rule(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    customers = _customers(200)
    for percentage in (0, 37, 100):
        answer = _estimate(operator_a, rollout_percentage=str(percentage)).json()
        inside = sum(normalized("new-fees", customer.public_id) <= percentage for customer in customers)
        assert (answer["units"], answer["active"], answer["sharePercent"]) == (200, inside, round(inside / 2, 1))
        assert answer["sentence"] == f"{inside} of 200 customers are in ({inside / 2:g} %)."


def test_the_estimate_follows_targeting_variants_and_switches(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    account = factories.make_account()
    customer = Customer.objects.get()
    _customers(9)
    rule = [{"constraints": [{"attribute": "customer", "operator": "IN", "values": [customer.public_id]}], "rolloutPercentage": 100}]
    form = {"targeting": json.dumps(rule), "variants": '[{"name": "blue", "weight": 1}]', "rollout_percentage": "0"}
    assert _estimate(operator_a, **form).json()["variants"] == {"blue": 1}
    assert _estimate(operator_a, "accounts", **form).json()["sentence"] == "1 of 1 accounts are in (100 %)."
    assert account.customer_id == customer.pk
    assert _estimate(operator_a, **form, kill_switch="on").json()["sentence"] == "Nobody: the kill switch is on."
    assert _estimate(operator_a, **form, enabled="").json()["sentence"] == "Nobody: the flag is off."
    unknown = _estimate(operator_a, targeting=json.dumps(RULE), active_until="2026-01-01T00:00").json()
    assert unknown["details"] == "Not known here, so counted as not given: channel. Counted as within its schedule."


def test_the_estimate_says_what_is_wrong_and_who_may_not_ask(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    answer = _estimate(operator_a, targeting="[{}]")
    assert (answer.status_code, answer.json()["sentence"]) == (422, "Targeting: 0/constraints: this member is required")
    assert _estimate(operator_a, "journals").status_code == 404
    assert operator_a.get(url_of("feature_estimate")).status_code == 404
    assert _estimate(operator_a).json()["sentence"] == "There are no customers to count."
    assert Client().post(url_of("feature_estimate"), {}).status_code == 302


def test_a_tenant_meets_nothing_of_another_ones(operator_b: Client, in_tenant_a: TenantRecord, tenant_b: TenantRecord) -> None:
    version = make_flag("secret-plan")
    _customers(5)
    assert "secret-plan" not in html(operator_b, url_of("features"))
    assert _estimate(operator_b).json()["units"] == 0
    for page in ("feature", "feature_change", "feature_kill", "feature_remove"):
        assert operator_b.post(url_of(page, "secret-plan"), {"expected_version": "1"}).status_code == 404, page
    with tenant_scope(tenant_b):
        assert not ConfigVersion.objects.exists()
    version.refresh_from_db()
    assert version.status == "ACTIVE"
