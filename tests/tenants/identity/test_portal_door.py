"""The portal's middleware: staff of a tenant see that tenant, platform staff one they chose or all, others nothing."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tenants import registry
from tenants.middleware import ACTING_TENANT
from tenants.models import StaffUser
from tenants.registry import TenantRecord

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]
PROBE = "/admin/probe/"


@pytest.fixture
def staff_a(tenant_a: TenantRecord) -> StaffUser:
    return StaffUser.objects.create(username="ann", is_staff=True, tenant_id=tenant_a.slug)


@pytest.fixture
def platform_staff(db: None) -> StaffUser:
    return StaffUser.objects.create(username="pat", is_staff=True)


def test_strangers_are_in_no_scope(client: Client) -> None:
    told = client.get(PROBE).json()
    assert (told["tenant"], told["platform"]) == (None, False)


def test_staff_work_in_their_tenant(client: Client, staff_a: StaffUser) -> None:
    client.force_login(staff_a)
    assert client.get(PROBE).json()["tenant"] == "alpha-bank"


def test_somebody_who_is_not_staff_is_in_no_scope(client: Client, staff_a: StaffUser) -> None:
    StaffUser.objects.update(is_staff=False)
    client.force_login(staff_a)
    told = client.get(PROBE).json()
    assert (told["tenant"], told["platform"]) == (None, False)


def test_platform_staff_read_across_tenants(client: Client, platform_staff: StaffUser) -> None:
    client.force_login(platform_staff)
    told = client.get(PROBE).json()
    assert (told["tenant"], told["platform"]) == (None, True)


def test_platform_staff_act_for_the_tenant_they_chose(client: Client, platform_staff: StaffUser) -> None:
    client.force_login(platform_staff)
    choose(client, "beta-bank")
    told = client.get(PROBE).json()
    assert (told["tenant"], told["platform"]) == ("beta-bank", False)


def test_a_chosen_tenant_that_is_gone_is_forgotten(client: Client, platform_staff: StaffUser) -> None:
    client.force_login(platform_staff)
    choose(client, "no-such-bank")
    assert client.get(PROBE).json()["platform"] is True
    assert ACTING_TENANT not in client.session


def test_staff_of_a_tenant_choose_nothing(client: Client, staff_a: StaffUser) -> None:
    client.force_login(staff_a)
    choose(client, "beta-bank")
    assert client.get(PROBE).json()["tenant"] == "alpha-bank"


@pytest.mark.parametrize("status", ["DECOMMISSIONED", "PENDING_ACTIVATION"])
def test_staff_of_a_tenant_that_is_not_active_are_signed_out(client: Client, staff_a: StaffUser, set_status: Any, status: str) -> None:
    client.force_login(staff_a)
    set_status("alpha-bank", status)
    registry.forget()
    response = client.get(PROBE)
    assert (response.status_code, response["Location"]) == (302, "/admin/login/")
    assert "_auth_user_id" not in client.session


def test_staff_of_a_suspended_tenant_read_only(client: Client, staff_a: StaffUser, set_status: Any) -> None:
    client.force_login(staff_a)
    set_status("alpha-bank", "SUSPENDED")
    registry.forget()
    assert client.get(PROBE).status_code == 200
    assert client.post(PROBE).status_code == 403
    assert client.post("/admin/logout/").status_code == 200


def test_a_person_who_was_deactivated_is_nobody(client: Client, staff_a: StaffUser) -> None:
    client.force_login(staff_a)
    StaffUser.objects.update(is_active=False)
    assert client.get(PROBE).json()["tenant"] is None


def test_a_pinned_deployment_signs_other_tenants_staff_out(client: Client, staff_a: StaffUser, settings: Settings) -> None:
    client.force_login(staff_a)
    settings.TENANT_PIN = "beta-bank"
    assert client.get(PROBE).status_code == 302


def test_a_token_does_not_open_the_portal_nor_a_session_the_api(client: Client, staff_a: StaffUser) -> None:
    client.force_login(staff_a)
    assert client.get("/api/v1/probe").status_code == 401
    assert Client().get(PROBE, headers={"authorization": "Bearer x"}).json()["tenant"] is None


def choose(client: Client, slug: str) -> None:
    session = client.session
    session[ACTING_TENANT] = slug
    session.save()
