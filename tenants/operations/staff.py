"""People who sign in to the portal: making them, and what operators of a tenant may do."""

import logging
from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from payment_engine.errors import Conflict, FieldError, ValidationFailed
from tenants.context import use
from tenants.models import StaffUser, Tenant

OPERATORS: Final = "Operators"
_MEMBERS: Final = {"first_name": "firstName", "last_name": "lastName"}
_log = logging.getLogger(__name__)


def create_staff_user(
    *,
    username: str,
    password: str,
    tenant: Tenant | None,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    reset_password: bool = False,
) -> StaffUser:
    """A person who operates one tenant, or with no tenant platform staff. A name that exists keeps its password unless asked.

    Raises ValidationFailed for a weak password and for what `check_staff_user` refuses, Conflict when the name belongs to
    another tenant's person.
    """
    with use(None), transaction.atomic():
        user = StaffUser.objects.select_for_update(of=("self",)).filter(username=username).first()
        if user is not None and user.tenant != tenant:
            raise Conflict("somebody of another tenant has this user name")
        if user is None:
            check_staff_user(username=username, email=email, first_name=first_name, last_name=last_name)
            user = StaffUser(username=username, tenant=tenant, email=email, first_name=first_name, last_name=last_name)
            reset_password = True
        if reset_password:
            _check_password(password, user)
            user.set_password(password)
        user.is_staff, user.is_superuser = True, tenant is None
        user.save()
        user.groups.set([] if tenant is None else [ensure_operators_group()])
    _log.info("staff user saved", extra={"staff_user": user.pk, "staff_tenant": tenant and tenant.slug, "password_set": reset_password})
    return user


def check_staff_user(*, username: str, email: str = "", first_name: str = "", last_name: str = "") -> None:
    """Raises ValidationFailed with every member that nobody who signs in can have."""
    user = StaffUser(username=username, email=email, first_name=first_name, last_name=last_name)
    try:
        user.clean_fields(exclude={"password"})
    except ValidationError as refused:
        errors = [
            FieldError(pointer=f"/{_MEMBERS.get(name, name)}", code="validation_failed", detail=sentence)
            for name, sentences in refused.message_dict.items()
            for sentence in sentences
        ]
        raise ValidationFailed("; ".join(error.detail for error in errors), errors=errors) from None


def ensure_operators_group() -> Group:
    """The group of every tenant's operators: they see, add and change what tenants own, and delete nothing."""
    group, _ = Group.objects.get_or_create(name=OPERATORS)
    verbs = Q(codename__startswith="add_") | Q(codename__startswith="change_") | Q(codename__startswith="view_")
    group.permissions.set(Permission.objects.filter(verbs, content_type__app_label__in=settings.TENANT_APPS))
    return group


def _check_password(password: str, user: StaffUser) -> None:
    try:
        validate_password(password, user)
    except ValidationError as refused:
        errors = [FieldError(pointer="/password", code="password_weak", detail=sentence) for sentence in refused.messages]
        raise ValidationFailed("this password is too weak", errors=errors) from refused
