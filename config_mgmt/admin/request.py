"""Who is at the portal's pages of configuration, and what they may do there."""

from typing import cast

from django.http import HttpRequest, QueryDict

from config_mgmt.operations.settings import Authority
from config_mgmt.values import Actor
from tenants.models import StaffUser
from tenants.portal.model_admin import is_platform


def actor_of(request: HttpRequest) -> Actor:
    """The user name is the person: an API client that is theirs names it as its `person`, so both count as one."""
    username = cast("StaffUser", request.user).get_username()
    return Actor(name=username, person=username, is_platform=is_platform(request))


def authority_of(request: HttpRequest, *, asks_approval: bool = False) -> Authority:
    return Authority(is_platform=is_platform(request), asks_approval=asks_approval)


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form was sent with, be it nothing; None where it is only looked at."""
    return request.POST if request.method == "POST" else None
