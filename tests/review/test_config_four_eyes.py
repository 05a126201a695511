"""Attacks of a stranger on configuration: approving one's own change, or getting around the approval."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from config_mgmt.errors import ChangeOvertaken, SelfApproval
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change, database_now
from config_mgmt.values import Actor
from tenants.models import ApiClient
from tenants.queries import client_standing
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.changes import BOB, change, in_force
from tests.config_mgmt.changes import KEY as LIMIT
from tests.config_mgmt.settings_api import Person
from tests.review.platform_api import config

pytestmark = pytest.mark.django_db


class TestFourEyes:
    def propose(self, api: Api, tenant: TenantRecord, value: str = "10.00") -> str:
        answer = api.post(config(tenant, "/config"), {"configKey": LIMIT, "configValue": value, "requireApproval": True})
        assert answer.status_code == 202, answer.content
        return str(answer.json()["changeId"])

    def approve(self, api: Api, tenant: TenantRecord, change_id: str) -> tuple[int, Any]:
        answer = api.post(config(tenant, f"/config/changes/{change_id}/approve"), None)
        return answer.status_code, answer.json().get("code")

    def test_a_second_client_of_the_person(self, in_tenant_a: TenantRecord) -> None:
        one, other, bob = (Person(in_tenant_a, person) for person in ("ada", "ada", "bob"))
        made = self.propose(one, in_tenant_a)
        assert self.approve(other, in_tenant_a, made) == (403, "self_approval")
        assert self.approve(bob, in_tenant_a, made) == (200, None)

    def test_the_client_that_asked_under_another_persons_name(self, in_tenant_a: TenantRecord) -> None:
        api = Person(in_tenant_a, "ada")
        made = self.propose(api, in_tenant_a)
        ApiClient.objects.filter(client_id=api.client_id).update(person="bob")
        client_standing.forget()
        assert self.approve(api, in_tenant_a, made) == (403, "self_approval")

    def test_a_user_whose_name_is_the_clients_person(self, in_tenant_a: TenantRecord) -> None:
        made = self.propose(Person(in_tenant_a, "ada"), in_tenant_a)
        stored = ConfigVersion.objects.get()
        for name in ("ada", "ADA", " ada "):
            with pytest.raises(SelfApproval):
                approve_change(change_id=stored.id, actor=Actor(name=name, person=name))
        assert made

    def test_a_client_nobody_answers_for(self, in_tenant_a: TenantRecord) -> None:
        made = self.propose(Api(in_tenant_a), in_tenant_a)
        assert self.approve(Api(in_tenant_a), in_tenant_a, made) == (403, "not_authorised")
        assert self.approve(Person(in_tenant_a, "ada"), in_tenant_a, made) == (200, None)

    def test_no_way_around(self, in_tenant_a: TenantRecord) -> None:
        ada, bob = Person(in_tenant_a, "ada"), Person(in_tenant_a, "bob")
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
