"""Versions of configuration: counted without gaps, approved by another person, in force at their time, brought back."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction

from config_mgmt.bell import bell_key, ring, ring_all
from config_mgmt.errors import ChangeDecided, ChangeOvertaken, ChangeUnknown, NeverInForce, SelfApproval, VersionUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change, change_config, database_now, reject_change, roll_back
from config_mgmt.queries.versions import active_version, active_versions, history, old_value_of, pending
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.api.errors import StaleVersion
from payment_engine.ids import new_id
from payment_engine.observability.correlation import correlated
from payment_engine.redis import redis_client
from payment_engine.sweeper.work import ROUNDS
from tenants import registry
from tenants.context import tenant_scope
from tenants.registry import TenantRecord

SETTING = ConfigVersion.Kind.SETTING
KEY = "payment.max_daily_limit"
ADA, BOB = Actor(name="ada-key-1", person="ada"), Actor(name="bob", person="bob")
ADA_AGAIN = Actor(name="ada-key-2", person="ada")


def change(value: Any, **more: Any) -> ConfigVersion:
    return change_config(**{"kind": SETTING, "key": KEY, "actor": ADA, "value": value, **more})


def in_force(key: str = KEY) -> Any:
    version = active_version(SETTING, key)
    return version and version.value


def in_an_hour() -> datetime:
    return database_now() + timedelta(hours=1)


def let_time_pass(version: ConfigVersion) -> None:
    """As if the scheduled time had come."""
    ConfigVersion.objects.filter(id=version.id).update(activate_at=database_now() - timedelta(seconds=1))


def topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))


@pytest.fixture
def tenant(in_tenant_a: TenantRecord) -> TenantRecord:
    return in_tenant_a


@pytest.mark.django_db
@pytest.mark.usefixtures("tenant")
class TestVersions:
    def test_the_first_version_is_one_and_tells_who_when_and_why(self) -> None:
        with correlated("corr-0001"):
            made = change("100.00", reason="New contract")
        stored = ConfigVersion.objects.get()
        assert (stored.version, stored.status, stored.value, stored.reason) == (1, "ACTIVE", "100.00", "New contract")
        assert (stored.changed_by, stored.changed_by_person, stored.correlation_id) == ("ada-key-1", "ada", "corr-0001")
        assert stored.activated_at == stored.created_at == made.created_at

    def test_the_next_version_supersedes_the_one_in_force(self) -> None:
        first = change("100.00")
        second = change("200.00", actor=BOB)
        first.refresh_from_db()
        assert (first.status, first.superseded_at) == ("SUPERSEDED", second.activated_at)
        assert (second.version, in_force()) == (2, "200.00")

    def test_an_equal_value_changes_nothing(self) -> None:
        first = change({"a": 1, "b": [2]})
        assert change({"b": [2], "a": 1}).id == first.id
        assert (ConfigVersion.objects.count(), topics()) == (1, ["config.changed"])

    def test_true_is_not_one(self) -> None:
        assert [change(value).version for value in (1, True, 0, False, None)] == [1, 2, 3, 4, 5]

    def test_keys_kinds_and_environments_count_for_themselves(self) -> None:
        change("1")
        assert [
            change("1", key="other").version,
            change("1", environment="staging").version,
            change("1", kind=ConfigVersion.Kind.FEATURE).version,
        ] == [1, 1, 1]
        assert [version.key for version in active_versions(SETTING)] == ["other", KEY]

    @pytest.mark.parametrize("expected", [0, 2])
    def test_a_version_the_caller_did_not_see_is_not_replaced(self, expected: int) -> None:
        change("100.00")
        with pytest.raises(StaleVersion) as refused:
            change("200.00", expected_version=expected)
        assert (refused.value.headers, in_force()) == ({"ETag": '"v1"'}, "100.00")

    def test_the_version_the_caller_saw_is_replaced(self) -> None:
        assert [change("100.00", expected_version=0).version, change("200.00", expected_version=1).version] == [1, 2]

    def test_each_write_leaves_an_event_without_the_value(self) -> None:
        with correlated("corr-0002"):
            version = change("topsecret", reason="why")
        event = OutboxEvent.objects.get()
        assert (event.topic, event.subject_id, event.correlation_id) == ("config.changed", version.id, "corr-0002")
        assert event.payload["key"] == KEY
        assert "topsecret" not in str(event.payload)

    def test_a_refused_change_leaves_no_event(self) -> None:
        with pytest.raises(StaleVersion):
            change("200.00", expected_version=5)
        assert topics() == []

    def test_each_change_moves_the_revision(self, tenant: TenantRecord) -> None:
        before = registry.config_revision_of(tenant.slug)
        change("100.00")
        assert registry.config_revision_of(tenant.slug) > before


@pytest.mark.django_db
@pytest.mark.usefixtures("tenant")
class TestRollback:
    def test_three_versions_with_actor_and_reason(self) -> None:
        change("100.00", reason="first")
        change("200.00", actor=BOB, reason="second")
        roll_back(kind=SETTING, key=KEY, version=1, actor=ADA, reason="back")
        rows = [
            (row.version, old_value_of(row), row.value, row.changed_by, row.reason) for row in history(SETTING, KEY).order_by("version")
        ]
        assert rows == [
            (1, None, "100.00", "ada-key-1", "first"),
            (2, "100.00", "200.00", "bob", "second"),
            (3, "200.00", "100.00", "ada-key-1", "back"),
        ]
        assert active_version(SETTING, KEY).rollback_of == 1  # type: ignore[union-attr]  # it is there

    def test_back_to_what_is_in_force_changes_nothing(self) -> None:
        change("100.00")
        assert roll_back(kind=SETTING, key=KEY, version=1, actor=ADA).version == 1

    def test_back_to_a_version_that_never_was(self) -> None:
        with pytest.raises(VersionUnknown):
            roll_back(kind=SETTING, key=KEY, version=1, actor=ADA)

    def test_back_to_a_version_that_was_never_in_force(self) -> None:
        change("100.00", needs_approval=True)
        with pytest.raises(NeverInForce):
            roll_back(kind=SETTING, key=KEY, version=1, actor=ADA)

    def test_from_an_outdated_view(self) -> None:
        change("100.00")
        change("200.00")
        with pytest.raises(StaleVersion):
            roll_back(kind=SETTING, key=KEY, version=1, actor=ADA, expected_version=1)


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


@pytest.mark.django_db
@pytest.mark.usefixtures("tenant")
class TestHistory:
    def test_a_rejected_change_shows_the_value_of_its_day(self) -> None:
        change("100.00")
        reject_change(change_id=change("150.00", needs_approval=True).id, actor=BOB)
        change("200.00")
        assert [(old_value_of(row), row.value) for row in history(SETTING, KEY, "production").order_by("version")] == [
            (None, "100.00"),
            ("100.00", "150.00"),
            ("100.00", "200.00"),
        ]

    def test_it_is_never_rewritten(self) -> None:
        version = change("100.00")
        for forged in ({"value": "1"}, {"reason": "other"}, {"changed_by": "bob"}, {"version": 7}):
            with pytest.raises(DatabaseError), transaction.atomic():
                ConfigVersion.objects.filter(id=version.id).update(**forged)

    def test_it_is_never_deleted(self) -> None:
        version = change("100.00")
        with pytest.raises(DatabaseError), transaction.atomic():
            version.delete()

    def test_what_is_over_does_not_come_back(self) -> None:
        first = change("100.00")
        change("200.00")
        with pytest.raises(DatabaseError), transaction.atomic():
            ConfigVersion.objects.filter(id=first.id).update(status="ACTIVE")


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    def in_thread(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(in_thread, range(count)))


@pytest.mark.django_db(transaction=True)
class TestTwoConnections:
    @pytest.fixture(autouse=True)
    def _tenant(self, tenant_a: TenantRecord) -> Iterator[None]:
        self.tenant = tenant_a
        with tenant_scope(tenant_a):
            yield

    def in_tenant(self, work: Callable[[int], Any]) -> Callable[[int], Any]:
        def scoped(number: int) -> Any:
            with tenant_scope(self.tenant):
                return work(number)

        return scoped

    def test_versions_are_counted_without_gaps(self) -> None:
        at_once(8, self.in_tenant(lambda number: [change(f"{number}.{step}") for step in range(5)]))
        assert sorted(ConfigVersion.objects.values_list("version", flat=True)) == list(range(1, 41))
        assert Counter(ConfigVersion.objects.values_list("status", flat=True)) == {"ACTIVE": 1, "SUPERSEDED": 39}

    def test_one_of_two_who_saw_the_same_version_is_told(self) -> None:
        change("0")

        def attempt(number: int) -> str:
            try:
                return change(f"{number + 1}", expected_version=1).status
            except StaleVersion as error:
                return error.code

        assert Counter(at_once(6, self.in_tenant(attempt))) == {"ACTIVE": 1, "stale_version": 5}

    def test_two_keys_in_either_order_do_not_block_each_other(self) -> None:
        def both(number: int) -> None:
            with transaction.atomic():
                for key in ("a", "b") if number % 2 else ("b", "a"):
                    change(f"{number}", key=key)

        at_once(8, self.in_tenant(both))
        assert ConfigVersion.objects.filter(status="ACTIVE").count() == 2

    def test_a_proposal_approved_twice_at_once_is_approved_once(self) -> None:
        proposal = change("1", needs_approval=True)

        def approve(_: int) -> str:
            try:
                return approve_change(change_id=proposal.id, actor=BOB).status
            except ChangeDecided as error:
                return error.code

        assert Counter(at_once(4, self.in_tenant(approve))) == {"ACTIVE": 1, "change_decided": 3}

    def test_several_sweepers_activate_once(self) -> None:
        for number in range(5):
            let_time_pass(change(f"{number}", key=f"key-{number}", activate_at=in_an_hour()))
        assert sum(at_once(4, self.in_tenant(lambda _: activate_due_changes()))) == 5
        assert topics().count("config.changed") == 5

    def test_a_round_does_not_wait_for_whoever_is_at_it(self) -> None:
        let_time_pass(change("1", activate_at=in_an_hour()))
        locked, done = threading.Event(), threading.Event()

        def hold(_: int) -> int:
            if _ == 0:
                with transaction.atomic():
                    change("2", key="other")
                    locked.set()
                    assert done.wait(10)
                return 0
            assert locked.wait(10)
            try:
                return activate_due_changes()
            finally:
                done.set()

        assert at_once(2, self.in_tenant(hold)) == [0, 0]
        assert activate_due_changes() == 1

    def test_an_older_snapshot_of_the_owner_can_not_delete_history(self, owner_connection: psycopg.Connection[Any]) -> None:
        change("1")
        with pytest.raises(psycopg.Error, match="never rewritten"):
            owner_connection.execute(f'DELETE FROM "{self.tenant.schema}".config_versions')

    def test_the_bell_says_revision_and_status(self) -> None:
        change("1")
        told = redis_client().hgetall(bell_key(self.tenant.slug))
        assert told == {b"revision": str(registry.config_revision_of(self.tenant.slug)).encode(), b"status": b"ACTIVE"}

    def test_without_valkey_the_change_is_made_all_the_same(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        monkeypatch.setattr("config_mgmt.bell._quiet_until", 0.0)
        redis_client.cache_clear()
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        try:
            assert change("1").status == "ACTIVE"
            assert ring(self.tenant.slug) is False
            assert ring_all([self.tenant]) is False
        finally:
            redis_client.cache_clear()
            monkeypatch.undo()
        assert in_force() == "1"
