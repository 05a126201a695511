"""/config/tenants/{id}/features through the whole stack."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from config_mgmt import flags
from config_mgmt.models import ConfigVersion
from events.models import OutboxEvent
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api

pytestmark = pytest.mark.django_db
PATH = "/config/tenants/alpha-bank/features"
FLAG = f"{PATH}/test-feature"
AS_PRINTED = {"enabled": True, "config": {"rolloutPercentage": 50}}


@pytest.fixture
def api(tenant_a: TenantRecord) -> Api:
    return Api(tenant_a)


def config(**members: Any) -> dict[str, Any]:
    return {"enabled": True, "config": members}


def rule(**changes: Any) -> dict[str, Any]:
    return {"constraints": [{"attribute": "channel", "operator": "IN", "values": ["api"], **changes}]}


def problem(response: Any) -> tuple[int, str, list[str]]:
    document = response.json()
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, document["code"], [error["pointer"] for error in document["errors"]]


def test_the_commands_of_the_guide(api: Api, tenant_a: TenantRecord) -> None:
    made = api.post(FLAG, AS_PRINTED, key=None, **{"X-Tenant-ID": "alpha-bank"})
    assert (made.status_code, made["Location"], made["ETag"]) == (201, f"/api/v1{FLAG}", '"v1"')
    assert made.json() == {"key": "test-feature", "enabled": True, "config": {"rolloutPercentage": 50}, "version": 1}
    read = api.get(FLAG, **{"X-Tenant-ID": "alpha-bank"})
    assert (read.status_code, read.json(), read["ETag"]) == (200, made.json(), '"v1"')
    again = api.post(FLAG, AS_PRINTED, key=None)
    assert (again.status_code, again.json()) == (200, made.json())
    by_number = api.get(FLAG.replace("alpha-bank", tenant_a.reference))
    assert (by_number.status_code, by_number.json()) == (200, made.json())


def test_a_change_is_a_version_with_its_actor_reason_and_event(api: Api, in_tenant_a: TenantRecord) -> None:
    api.post(FLAG, AS_PRINTED)
    changed = api.post(FLAG, {**config(rolloutPercentage=60), "reason": "going well"}, **{"If-Match": '"v1"'})
    assert (changed.status_code, changed.json()["version"], changed["ETag"]) == (200, 2, '"v2"')
    newest, oldest = api.get(f"{FLAG}/history").json()["data"]
    assert (newest["version"], newest["status"], newest["config"], newest["reason"], newest["changedBy"]) == (
        2,
        "ACTIVE",
        {"rolloutPercentage": 60},
        "going well",
        api.client_id,
    )
    assert (oldest["version"], oldest["status"], oldest["config"]) == (1, "SUPERSEDED", {"rolloutPercentage": 50})
    assert list(OutboxEvent.objects.filter(topic="config.changed").values_list("payload__version", flat=True)) == [1, 2]


@pytest.mark.parametrize("tag", ['"v1"', '"v3"', 'W/"v2"', '"nonsense"'])
def test_a_change_on_top_of_another_is_stale(api: Api, tag: str) -> None:
    api.post(FLAG, AS_PRINTED)
    api.post(FLAG, config(rolloutPercentage=60))
    for answer in (
        api.post(FLAG, config(rolloutPercentage=70), **{"If-Match": tag}),
        api.post(f"{FLAG}/kill", {}, **{"If-Match": tag}),
        api.post(f"{FLAG}/rollback", {"version": 1}, **{"If-Match": tag}),
        api.send("DELETE", FLAG, **{"If-Match": tag}),
    ):
        assert problem(answer)[:2] == (412, "stale_version")
    assert api.get(FLAG).json()["version"] == 2
    assert api.post(FLAG, config(), **{"If-Match": "*"}).status_code == 200


def test_if_match_on_a_flag_that_is_not_there(api: Api) -> None:
    assert problem(api.post(FLAG, AS_PRINTED, **{"If-Match": "*"}))[:2] == (412, "stale_version")


def test_same_key_and_meaning_changes_once(api: Api) -> None:
    body = config(variants=[{"name": "a", "weight": 1, "payload": {"rate": 1.5}}])
    first, again = (api.post(FLAG, body, key="k-1") for _ in range(2))
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    assert problem(api.post(FLAG, AS_PRINTED, key="k-1"))[:2] == (422, "idempotency_key_reused")


def test_50_and_50_0_are_one_number(api: Api) -> None:
    api.post(FLAG, AS_PRINTED)
    assert api.post(FLAG, config(rolloutPercentage=50.0)).json()["version"] == 1
    assert api.post(f"{FLAG}/rollback", {"version": 1.0}).status_code == 200


def test_a_flag_without_a_percentage_is_for_all(api: Api) -> None:
    assert api.post(FLAG, {"enabled": True}).json()["config"] == {"rolloutPercentage": 100}
    assert api.get(f"{FLAG}?unit=u-1").json()["active"] is True
    api.post(FLAG, {"enabled": False})
    assert api.get(f"{FLAG}?unit=u-1").json()["active"] is False


def test_unit_is_answered_like_the_code_answers(api: Api, in_tenant_a: TenantRecord) -> None:
    api.post(FLAG, AS_PRINTED)
    answers = [api.get(f"{FLAG}?unit=unit-{number}").json()["active"] for number in range(40)]
    assert answers == [flags.is_active("test-feature", unit=f"unit-{number}") for number in range(40)]
    assert set(answers) == {True, False}
    assert "active" not in api.get(FLAG).json()


def test_attributes_of_the_targeting_can_be_asked(api: Api) -> None:
    api.post(FLAG, config(targeting=[rule(), rule(attribute="country", operator="STARTS_WITH", values=["D"])]))
    assert api.get(f"{FLAG}?unit=u-1&channel=api").json()["active"] is True
    assert api.get(f"{FLAG}?unit=u-1&channel=branch").json()["active"] is False
    assert api.get(f"{FLAG}?country=DE").json()["active"] is True
    assert api.get(f"{FLAG}?country=FR").json() == {**api.get(FLAG).json(), "active": False, "variant": None}
    assert problem(api.get(f"{FLAG}?colour=red")) == (400, "unknown_parameter", ["?colour"])
    assert problem(api.get(f"{FLAG}?unit=a&unit=b")) == (400, "parameter_invalid", ["?unit"])
    assert problem(api.get(f"{FLAG}?unit=")) == (400, "parameter_invalid", ["?unit"])


def test_variant_is_answered_with_its_payload(api: Api) -> None:
    payload = {"title": "Neu", "rates": [1, 0.25, 1e-07], "on": True, "none": None}
    api.post(FLAG, config(variants=[{"name": "blue", "weight": 1, "payload": payload}, {"name": "red", "weight": 0}]))
    assert api.get(f"{FLAG}?unit=u-1").json()["variant"] == {"name": "blue", "payload": payload}


def test_everything_a_flag_can_say_comes_back_as_it_was_said(api: Api) -> None:
    body = config(
        rolloutPercentage=0,
        killSwitch=True,
        targeting=[{**rule(operator="NOT_IN", values=["a", "b"]), "rolloutPercentage": 7}],
        variants=[{"name": "one", "weight": 1}, {"name": "two", "weight": 999, "payload": [1.5, "x", 9007199254740992]}],
        schedule={"activeFrom": "2026-01-01T00:00:00Z", "activeUntil": "2027-01-01T00:00:00.5Z"},
    )
    answer = api.post(FLAG, body)
    assert answer.status_code == 201, answer.content
    until = answer.json()["config"]["schedule"].pop("activeUntil")
    assert until == "2027-01-01T00:00:00.500000Z"
    del body["config"]["schedule"]["activeUntil"]
    assert {name: answer.json()[name] for name in body} == body
    said_again = {"enabled": True, "config": api.get(FLAG).json()["config"]}
    assert api.post(FLAG, said_again).json()["version"] == 1


def test_kill_keeps_the_rest_and_rollback_brings_it_back(api: Api) -> None:
    api.post(FLAG, AS_PRINTED)
    killed = api.post(f"{FLAG}/kill", {"reason": "it hurts"})
    assert (killed.status_code, killed.json()["config"]) == (200, {"rolloutPercentage": 50, "killSwitch": True})
    assert api.send("POST", f"{FLAG}/kill").json() == killed.json()
    back = api.post(f"{FLAG}/rollback", {"version": 1, "reason": "mended"})
    assert (back.status_code, back["ETag"]) == (200, '"v3"')
    assert (back.json()["config"], back.json()["rollbackOf"]) == ({"rolloutPercentage": 50}, 1)
    assert [v["reason"] for v in api.get(f"{FLAG}/history").json()["data"]] == ["mended", "it hurts", ""]


def test_removed_flag_is_unknown_until_it_comes_back(api: Api) -> None:
    api.post(FLAG, AS_PRINTED)
    assert api.send("DELETE", f"{FLAG}?reason=done", **{"If-Match": '"v1"'}).status_code == 204
    for answer in (api.get(FLAG), api.get(f"{FLAG}?unit=u-1"), api.send("DELETE", FLAG), api.post(f"{FLAG}/kill", {})):
        assert problem(answer)[:2] == (404, "not_found")
    assert api.get(PATH).json()["data"] == []
    removal = api.get(f"{FLAG}/history").json()["data"][0]
    assert (removal["enabled"], removal["config"], removal["reason"]) == (None, None, "done")
    assert api.post(f"{FLAG}/rollback", {"version": 1}).json()["version"] == 3
    assert api.get(FLAG).json()["config"] == {"rolloutPercentage": 50}
    again = api.post(f"{FLAG}/rollback", {"version": 2})
    assert (again.status_code, again.json()["enabled"]) == (200, None)
    made_anew = api.post(FLAG, AS_PRINTED)
    assert (made_anew.status_code, made_anew.json()["version"]) == (201, 5)


def test_unknown_flag_is_404(api: Api) -> None:
    for answer in (api.get(FLAG), api.get(f"{FLAG}?unit=u-1"), api.get(f"{FLAG}/history"), api.post(f"{FLAG}/rollback", {"version": 1})):
        assert problem(answer)[:2] == (404, "not_found")


def test_rollback_to_a_version_that_is_not_there(api: Api) -> None:
    api.post(FLAG, AS_PRINTED)
    assert problem(api.post(f"{FLAG}/rollback", {"version": 9}))[:2] == (404, "not_found")
    assert problem(api.post(f"{FLAG}/rollback", {"version": 0})) == (422, "validation_failed", ["/version"])


def test_later_is_accepted_and_changes_nothing_yet(api: Api) -> None:
    api.post(FLAG, AS_PRINTED)
    later = api.post(FLAG, {**config(rolloutPercentage=60), "activateAt": "2999-01-01T00:00:00Z"})
    assert (later.status_code, later.json()["status"], later.json()["activateAt"]) == (202, "SCHEDULED", "2999-01-01T00:00:00Z")
    assert "ETag" not in later
    assert api.get(FLAG).json()["version"] == 1


def test_flags_are_listed_in_pages(api: Api) -> None:
    for number in range(5):
        api.post(f"{PATH}/feature-{number}", AS_PRINTED)
    keys, cursor = [], ""
    for _ in range(3):
        page = api.get(f"{PATH}?limit=2{cursor}").json()
        keys += [entry["key"] for entry in page["data"]]
        cursor = f"&cursor={page['nextCursor']}"
    assert keys == [f"feature-{number}" for number in (4, 3, 2, 1, 0)]
    assert page["hasMore"] is False
    assert problem(api.get(f"{PATH}?colour=red"))[:2] == (400, "unknown_parameter")


def test_another_tenant_sees_and_changes_nothing(api: Api, tenant_b: TenantRecord) -> None:
    api.post(FLAG, AS_PRINTED)
    stranger, own = Api(tenant_b), "/config/tenants/beta-bank/features"
    assert stranger.get(own).json()["data"] == []
    assert stranger.get(f"{own}/test-feature").status_code == 404
    for answer in (
        stranger.get(PATH),
        stranger.get(FLAG),
        stranger.get(f"{FLAG}/history"),
        stranger.post(FLAG, config(rolloutPercentage=0)),
        stranger.post(f"{FLAG}/kill", {}),
        stranger.post(f"{FLAG}/rollback", {"version": 1}),
        stranger.send("DELETE", FLAG),
    ):
        assert problem(answer)[:2] == (403, "tenant_mismatch")
    assert stranger.post(f"{own}/test-feature", config(rolloutPercentage=7)).json()["version"] == 1
    assert api.get(FLAG).json() == {"key": "test-feature", "version": 1, **AS_PRINTED}


def test_reading_does_not_let_change(tenant_a: TenantRecord) -> None:
    reader = Api(tenant_a, scopes={"config:read"})
    assert reader.get(PATH).status_code == 200
    assert problem(reader.post(FLAG, AS_PRINTED))[:2] == (403, "not_authorised")


@pytest.mark.parametrize("percentage", [-1, 101, 50.5, "50", True, None, 1e3, [], 10**30, 1e308])
def test_a_percentage_is_a_whole_number_from_0_to_100(api: Api, percentage: Any) -> None:
    answer = api.post(FLAG, config(rolloutPercentage=percentage))
    assert problem(answer) == (422, "validation_failed", ["/config/rolloutPercentage"])
    assert answer.json()["detail"] == "a percentage is a whole number from 0 to 100"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/enabled"]),
        ({"enabled": "yes"}, ["/enabled"]),
        ({"enabled": True, "config": []}, ["/config"]),
        (config(killSwitch=1), ["/config/killSwitch"]),
        (config(targeting=[rule()] * 51), ["/config/targeting"]),
        (config(targeting=[{"constraints": []}]), ["/config/targeting/0/constraints"]),
        (config(targeting=[{**rule(), "rolloutPercentage": 101}]), ["/config/targeting/0/rolloutPercentage"]),
        (config(targeting=[rule(attribute="")]), ["/config/targeting/0/constraints/0/attribute"]),
        (config(targeting=[rule(attribute="a b")]), ["/config/targeting/0/constraints/0/attribute"]),
        (config(targeting=[rule(operator="LIKE")]), ["/config/targeting/0/constraints/0/operator"]),
        (config(targeting=[rule(values=[])]), ["/config/targeting/0/constraints/0/values"]),
        (config(targeting=[rule(values=["x"] * 1001)]), ["/config/targeting/0/constraints/0/values"]),
        (config(targeting=[rule(values=["x", ""])]), ["/config/targeting/0/constraints/0/values/1"]),
        (config(targeting=[rule(values=["x" * 201])]), ["/config/targeting/0/constraints/0/values/0"]),
        (config(targeting=[rule(values=[7])]), ["/config/targeting/0/constraints/0/values/0"]),
        (config(variants=[{"name": "", "weight": 1}]), ["/config/variants/0/name"]),
        (config(variants=[{"name": "a", "weight": -1}]), ["/config/variants/0/weight"]),
        (config(variants=[{"name": "a", "weight": 1001}]), ["/config/variants/0/weight"]),
        (config(variants=[{"name": f"v{n}", "weight": 1} for n in range(51)]), ["/config/variants"]),
        (config(variants=[{"name": "a"}]), ["/config/variants/0/weight"]),
        (config(schedule={"activeFrom": "tomorrow"}), ["/config/schedule/activeFrom"]),
        (config(schedule={"activeFrom": "2026-01-01T00:00:00"}), ["/config/schedule/activeFrom"]),
        (
            config(rolloutPercentage=101, variants=[{"name": "a", "weight": 1001}]),
            ["/config/rolloutPercentage", "/config/variants/0/weight"],
        ),
        ({**AS_PRINTED, "reason": "x" * 501}, ["/reason"]),
        ({**AS_PRINTED, "activateAt": "soon"}, ["/activateAt"]),
    ],
)
def test_bad_input_names_its_field(api: Api, body: Any, pointers: list[str]) -> None:
    assert problem(api.post(FLAG, body)) == (422, "validation_failed", pointers)
    assert api.get(PATH).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (config(variants=[{"name": "a", "weight": 1}, {"name": "a", "weight": 1}]), ["/config/variants/0/name", "/config/variants/1/name"]),
        (config(variants=[{"name": "a", "weight": 0}]), ["/config/variants"]),
        (config(variants=[{"name": "a", "weight": 1, "payload": "x" * 20_000}]), ["/config/variants/0/payload"]),
        (config(variants=[{"name": "a", "weight": 1, "payload": {"n": [2**53 + 1]}}]), ["/config/variants/0/payload/n/0"]),
        (config(schedule={"activeFrom": "0001-01-01T00:00:00+05:00"}), ["/config/schedule/activeFrom"]),
        (
            config(schedule={"activeFrom": "2026-01-01T00:00:00Z", "activeUntil": "2026-01-01T00:00:00Z"}),
            ["/config/schedule/activeUntil"],
        ),
        ({**AS_PRINTED, "activateAt": "0001-01-01T00:00:00+05:00"}, ["/activateAt"]),
        ({**AS_PRINTED, "activateAt": "9999-12-31T23:59:59-05:00"}, ["/activateAt"]),
    ],
)
def test_well_formed_members_that_make_no_flag(api: Api, body: Any, pointers: list[str]) -> None:
    assert problem(api.post(FLAG, body)) == (422, "flag_invalid", pointers)


def test_nul_is_in_no_text(api: Api) -> None:
    variant = {"name": "a", "weight": 1, "payload": {"a/b": "\x00"}}
    assert problem(api.post(FLAG, config(variants=[variant]))) == (422, "validation_failed", ["/config/variants/0/payload/a~1b"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**AS_PRINTED, "colour": "red"}, "/colour"),
        (config(rollout=50), "/config/rollout"),
        (config(variants=[{"name": "a", "weight": 1, "stickiness": "x"}]), "/config/variants/0/stickiness"),
    ],
)
def test_unknown_members_are_refused(api: Api, body: Any, pointer: str) -> None:
    assert problem(api.post(FLAG, body)) == (400, "unknown_field", [pointer])


@pytest.mark.parametrize("payload", ["1e999", "[" * 5000 + "]" * 5000, '"\\ud800"', "1" * 5000, "NaN", "[" * 30 + "]" * 30])
def test_no_payload_makes_a_fault_of_ours(api: Api, payload: str) -> None:
    body = '{"enabled": true, "config": {"variants": [{"name": "a", "weight": 1, "payload": %s}]}}' % payload  # noqa: UP031  # braces
    assert api.send("POST", FLAG, body).status_code in {400, 422}


@pytest.mark.parametrize("key", ["-a", "a b", "a" * 101, "ä", ".a", "a%0A"])
def test_a_key_is_short_and_speakable(api: Api, key: str) -> None:
    assert problem(api.post(f"{PATH}/{key}", AS_PRINTED)) == (422, "validation_failed", ["/key"])
    assert problem(api.get(f"{PATH}/{key}"))[:2] == (404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_20_changes_at_once_are_20_versions_or_stale(tenant_a: TenantRecord) -> None:
    api = Api(tenant_a)
    api.post(FLAG, config(rolloutPercentage=0))

    def change(number: int) -> tuple[int, int]:
        try:
            blind = api.post(FLAG, config(rolloutPercentage=number + 1))
            seen = api.post(FLAG, config(rolloutPercentage=number + 50), **{"If-Match": '"v1"'})
            return blind.status_code, seen.status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(change, range(20)))
    assert {blind for blind, _ in answers} == {200}
    assert {seen for _, seen in answers} == {412}
    with tenant_scope(tenant_a):
        versions = list(ConfigVersion.objects.order_by("version").values_list("version", "status"))
    assert versions == [(number, "SUPERSEDED") for number in range(1, 21)] + [(21, "ACTIVE")]
    assert json.loads(api.get(FLAG).content)["version"] == 21
