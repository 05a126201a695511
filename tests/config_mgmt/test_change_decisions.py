"""Changes that wait: for another person's approval, or for their time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from config_mgmt.errors import ChangeDecided, ChangeOvertaken, ChangeUnknown, SelfApproval
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change, database_now, reject_change
from config_mgmt.queries.versions import history, old_value_of, pending
from config_mgmt.values import Actor
from payment_engine.ids import new_id
from payment_engine.sweeper.work import ROUNDS
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.config_mgmt.changes import ADA, ADA_AGAIN, BOB, SETTING, change, in_an_hour, in_force, let_time_pass, topics


@pytest.mark.django_db
@pytest.mark.usefixtures("tenant")
class TestFourEyes:
    def test_a_proposal_is_not_in_force_until_another_person_approves(self) -> None:
        change("100.00")
        proposal = change("200.00", needs_approval=True)
        assert (proposal.status, in_force()) == ("PROPOSED", "100.00")
        approved = approve_change(change_id=proposal.id, actor=BOB)
        approved.refresh_from_db()
        assert (approved.status, approved.decided_by, in_force()) == ("ACTIVE", "bob", "200.00")
        assert topics() == ["config.changed", "config.proposed", "config.changed"]

    @pytest.mark.parametrize("approver", [ADA, ADA_AGAIN])
    def test_nobody_approves_their_own_with_whichever_client(self, approver: Actor) -> None:
        proposal = change("200.00", needs_approval=True)
        with pytest.raises(SelfApproval) as refused:
            approve_change(change_id=proposal.id, actor=approver)
        assert (refused.value.status, refused.value.code, in_force()) == (403, "self_approval", None)

    def test_not_even_in_sql(self) -> None:
        proposal = change("200.00", needs_approval=True)
        with pytest.raises(IntegrityError, match="config_nobody_approves_their_own"), transaction.atomic():
            ConfigVersion.objects.filter(id=proposal.id).update(status="ACTIVE", activated_at=database_now(), decided_by_person="ada")

    def test_who_proposed_may_take_it_back(self) -> None:
        proposal = change("200.00", needs_approval=True)
        assert reject_change(change_id=proposal.id, actor=ADA).status == "REJECTED"
        assert (in_force(), pending().count(), topics()) == (None, 0, ["config.proposed", "config.rejected"])

    @pytest.mark.parametrize("decide", [approve_change, reject_change])
    def test_what_is_decided_is_not_decided_again(self, decide: Callable[..., ConfigVersion]) -> None:
        proposal = change("200.00", needs_approval=True)
        approve_change(change_id=proposal.id, actor=BOB)
        with pytest.raises(ChangeDecided):
            decide(change_id=proposal.id, actor=BOB)

    def test_a_proposal_made_before_another_change_took_effect_is_stale(self) -> None:
        proposal = change("200.00", needs_approval=True)
        change("150.00")
        with pytest.raises(ChangeOvertaken):
            approve_change(change_id=proposal.id, actor=BOB)
        assert in_force() == "150.00"

    def test_an_approved_change_for_later_waits_for_its_time(self) -> None:
        proposal = change("200.00", needs_approval=True, activate_at=in_an_hour())
        assert approve_change(change_id=proposal.id, actor=BOB).status == "SCHEDULED"
        let_time_pass(proposal)
        assert (activate_due_changes(), in_force()) == (1, "200.00")

    def test_a_proposal_whose_time_has_passed_waits_for_approval_still(self) -> None:
        let_time_pass(change("200.00", needs_approval=True, activate_at=in_an_hour()))
        assert (activate_due_changes(), in_force()) == (0, None)

    def test_a_change_that_is_not_there(self) -> None:
        with pytest.raises(ChangeUnknown):
            approve_change(change_id=new_id(), actor=BOB)

    def test_another_tenants_change_is_not_there(self, tenant_b: TenantRecord) -> None:
        proposal = change("200.00", needs_approval=True)
        with tenant_scope(tenant_b):
            for decide in (approve_change, reject_change):
                with pytest.raises(ChangeUnknown):
                    decide(change_id=proposal.id, actor=BOB)
            assert (pending().count(), history(SETTING).count(), in_force()) == (0, 0, None)
            assert change("1.00").version == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("tenant")
class TestScheduling:
    def test_nothing_happens_before_its_time(self) -> None:
        change("100.00")
        assert change("200.00", activate_at=in_an_hour()).status == "SCHEDULED"
        assert (activate_due_changes(), in_force()) == (0, "100.00")
        assert [(row.value, old_value_of(row)) for row in pending()] == [("200.00", "100.00")]

    def test_at_its_time_it_takes_effect_once(self) -> None:
        change("100.00")
        let_time_pass(change("200.00", activate_at=in_an_hour()))
        assert ([activate_due_changes(), activate_due_changes()], in_force()) == ([1, 0], "200.00")
        assert topics() == ["config.changed", "config.scheduled", "config.changed"]

    def test_several_take_effect_in_the_order_of_their_times(self) -> None:
        later, sooner = (change(value, activate_at=in_an_hour()) for value in ("2", "3"))
        let_time_pass(later)
        ConfigVersion.objects.filter(id=sooner.id).update(activate_at=database_now() - timedelta(hours=2))
        assert (activate_due_changes(), in_force()) == (2, "2")
        assert [row.value for row in history(SETTING).order_by("activated_at")] == ["3", "2"]

    def test_a_due_change_that_no_round_has_seen_does_not_undo_a_newer_one(self) -> None:
        due = change("200.00", activate_at=in_an_hour())
        let_time_pass(due)
        change("300.00")
        due.refresh_from_db()
        assert (due.status, in_force(), activate_due_changes()) == ("SUPERSEDED", "300.00", 0)

    def test_a_change_today_does_not_take_back_what_is_scheduled_for_tomorrow(self) -> None:
        scheduled = change("200.00", activate_at=in_an_hour())
        change("150.00")
        let_time_pass(scheduled)
        assert (activate_due_changes(), in_force()) == (1, "200.00")

    def test_todays_value_can_be_scheduled_to_come_back(self) -> None:
        change("100.00")
        assert change("100.00", activate_at=in_an_hour()).status == "SCHEDULED"

    def test_a_scheduled_change_can_be_called_off(self) -> None:
        scheduled = change("200.00", activate_at=in_an_hour())
        reject_change(change_id=scheduled.id, actor=ADA)
        assert (activate_due_changes(), pending().count()) == (0, 0)

    def test_a_time_that_has_passed_is_now(self) -> None:
        assert change("1", activate_at=database_now() - timedelta(seconds=1)).status == "ACTIVE"

    def test_the_sweeper_does_it(self) -> None:
        assert ROUNDS["activate-due-changes"] is activate_due_changes
