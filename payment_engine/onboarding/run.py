"""Onboarding a tenant: every step in order, each checked before and after, told with its time."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from config_mgmt.operations.tenants import check_order
from payment_engine.errors import EngineError, FieldError, ValidationFailed
from payment_engine.onboarding.specification import PaymentTypeSpecification
from payment_engine.onboarding.steps import STEPS, Onboarding
from payments.operations.payment_types import checked_terms
from tenants import registry
from tenants.operations.clients import check_api_client
from tenants.operations.staff import check_staff_user

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
        make(onboarding).check()  # what no step could mend is said before the first begins
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
    """Everything that can be said of the words alone, before the first step makes a schema for them. Raises ValidationFailed."""
    wanted = onboarding.wanted
    errors = [*_offences("", lambda: check_order(wanted.as_asked()))]
    codes = [each.code for each in wanted.payment_types]
    for number, each in enumerate(wanted.payment_types):
        at = f"/paymentTypes/{number}"
        errors += _offences(at, partial(_check_payment_type, each))
        if each.code in codes[:number]:
            errors.append(FieldError(pointer=f"{at}/code", code="given_twice", detail=f"{each.code} is there twice"))
    client, person = wanted.api_client, wanted.administrator
    errors += _offences(
        "/apiClient", lambda: check_api_client(name=client.name, scopes=client.scopes, person=client.person, platform=False)
    )
    errors += _offences(
        "/administrator",
        lambda: check_staff_user(username=wanted.username, email=person.email, first_name=person.first_name, last_name=person.last_name),
    )
    if errors:
        raise ValidationFailed("nothing was begun", errors=errors)


def _check_payment_type(asked: PaymentTypeSpecification) -> None:
    checked_terms(asked.code, asked.definition(), draft=False)


def _offences(at: str, check: Callable[[], object]) -> list[FieldError]:
    """What the check refuses, with its place in the file."""
    try:
        check()
    except EngineError as refused:
        return [replace(error, pointer=f"{at}{error.pointer}") for error in refused.errors]
    return []
