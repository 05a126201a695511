"""Buttons on a row's page: each leads to a form or a question, and only what is sent from there changes anything."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.http import HttpResponse
from unfold.decorators import action
from unfold.enums import ActionVariant

View = TypeVar("View", bound=Callable[..., HttpResponse])
Kind = ActionVariant


def button(description: str, *, icon: str, kind: Any = ActionVariant.DEFAULT) -> Callable[[View], View]:  # noqa: ANN401
    """For who may operate this kind of row (`has_operate_permission`); asked before the button is shown and when it is pressed."""
    return cast("Callable[[View], View]", action(description=description, permissions=["operate"], icon=icon, variant=kind))
