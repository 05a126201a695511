"""Changes at once on several connections, and what other processes are told of them."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from config_mgmt.bell import bell_key, ring, ring_all
from config_mgmt.errors import ChangeDecided
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import activate_due_changes, approve_change
from payment_engine.api.errors import StaleVersion
from payment_engine.redis import redis_client
from tenants import registry
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.config_mgmt.changes import BOB, change, in_an_hour, in_force, let_time_pass, topics


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
