"""Settings that wait: for a second person's approval, or for their time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, database_now
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.settings_api import LIMIT, PATH, Person, problem, save, shown

pytestmark = pytest.mark.django_db


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
