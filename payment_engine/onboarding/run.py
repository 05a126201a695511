"""Onboarding a tenant: every step in order, each checked before and after, told with its time."""

import time
from collections.abc import Callable

from payment_engine.onboarding.steps import STEPS, Onboarding
from tenants import registry
from tenants.operations.onboarding import check_tenant

_WIDTH = max(len(step.name) for step in STEPS)


def plan_onboarding(onboarding: Onboarding, *, tell: Callable[[str], None]) -> int:
    """Tell what is in place and what would be done; changes nothing. Returns the number of steps to do."""
    to_do = 0
    check_specification(onboarding)
    for make in STEPS:
        step = make(onboarding)
        found = step.check()
        to_do += found is None
        tell(f"  {step.name:<{_WIDTH}}  " + (f"would {step.purpose}" if found is None else f"in place: {found}"))
    return to_do


def onboard(onboarding: Onboarding, *, tell: Callable[[str], None]) -> None:
    """Every step that is not in place yet. Killed at any point, it goes on where it was when it is run again."""
    check_specification(onboarding)
    for make in STEPS:
        step, began_at = make(onboarding), time.monotonic()
        found = step.check()
        verb = "in place"
        if found is None:
            step.apply()
            found, verb = step.verify(), "done"
        tell(f"  {step.name:<{_WIDTH}}  {verb:<8}  {time.monotonic() - began_at:6.2f} s  {found}")
    registry.forget()


def check_specification(onboarding: Onboarding) -> None:
    """Everything that can be said of the words alone, before the first step makes a schema for them."""
    order = onboarding.wanted.as_order()
    check_tenant(
        slug=order.slug,
        name=order.name,
        tenant_type=order.tenant_type,
        tier=order.tier,
        isolation=order.isolation or "shared",
        profile=order.profile,
        reference=order.reference,
        legacy=order.legacy_name,
    )
