import pytest
from django.conf import settings

from payment_engine.errors import Conflict, ValidationFailed
from tenants.models import StaffUser, Tenant
from tenants.operations.staff import create_staff_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"


def _tenant(slug: str = "alpha-bank") -> Tenant:
    return Tenant.objects.get(slug=slug)


def test_an_operator_may_see_add_and_change_what_tenants_own_and_delete_nothing() -> None:
    user = create_staff_user(username="ann", password=PASSWORD, tenant=_tenant())
    permissions = StaffUser.objects.get(pk=user.pk).get_all_permissions()
    assert (user.is_staff, user.is_superuser, user.is_platform) == (True, False, False)
    assert {"accounts.view_account", "accounts.add_customer", "payments.change_payment", "iso20022.view_message"} <= permissions
    assert {permission.partition(".")[0] for permission in permissions} <= set(settings.TENANT_APPS)
    assert not [permission for permission in permissions if ".delete_" in permission]


def test_platform_staff_are_superusers_without_a_tenant() -> None:
    user = create_staff_user(username="root", password=PASSWORD, tenant=None)
    assert (user.is_staff, user.is_superuser, user.is_platform) == (True, True, True)


def test_a_second_call_keeps_the_password_unless_asked() -> None:
    other = "another-horse-battery"
    for password, reset, valid in ((PASSWORD, False, PASSWORD), (other, False, PASSWORD), (other, True, other)):
        user = create_staff_user(username="ann", password=password, tenant=_tenant(), reset_password=reset)
        assert user.check_password(valid)
    assert StaffUser.objects.count() == 1


def test_a_name_of_another_tenants_person_is_refused() -> None:
    create_staff_user(username="ann", password=PASSWORD, tenant=_tenant())
    for tenant in (_tenant("beta-bank"), None):
        with pytest.raises(Conflict):
            create_staff_user(username="ann", password=PASSWORD, tenant=tenant, reset_password=True)


def test_a_weak_password_is_refused_with_its_reasons() -> None:
    with pytest.raises(ValidationFailed) as refused:
        create_staff_user(username="ann", password="password", tenant=_tenant())
    assert {error.pointer for error in refused.value.errors} == {"/password"}
    assert not StaffUser.objects.exists()
