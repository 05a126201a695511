"""Versions of configuration: counted without gaps, brought back, never rewritten."""

import pytest
from django.db import DatabaseError, transaction

from config_mgmt.errors import NeverInForce, VersionUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import reject_change, roll_back
from config_mgmt.queries.versions import active_version, active_versions, history, old_value_of
from events.models import OutboxEvent
from payment_engine.api.errors import StaleVersion
from payment_engine.observability.correlation import correlated
from tenants import registry
from tenants.registry import TenantRecord
from tests.config_mgmt.changes import ADA, BOB, KEY, SETTING, change, in_force, topics


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
