"""Attacks of a stranger on configuration: approvals, writers and sweepers at once."""

import time
from collections import Counter
from datetime import timedelta

import pytest

from config_mgmt.errors import ChangeDecided, ChangeOvertaken, SelfApproval
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change, database_now
from config_mgmt.values import Actor
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.config_mgmt.changes import BOB, change
from tests.payments.test_concurrency import at_once
from tests.review.platform_api import config

pytestmark = pytest.mark.django_db


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
