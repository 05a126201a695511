"""The steps in the life of a version: each asks why, shows what changes for payments, and calls one operation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse

from config_mgmt.admin.request import actor_of
from payments.admin.payment_type_forms import StepForm
from payments.admin.payment_type_panels import diff_to_force
from payments.admin.payment_type_seen import fingerprint, unchanged_since
from payments.models import PaymentType
from payments.queries.payment_types import shown_version, version_in_force, versions_of
from tenants.portal.forms import done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin

_Status = PaymentType.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`operation` is called with the code, the actor, what the form says, and `arguments`. `alters_draft`: it locks the draft too.
    `discards`: the version is gone afterwards."""

    button: str
    explanation: str
    operation: Callable[..., PaymentType]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    form: type[StepForm] = StepForm
    alters_draft: bool = False
    dangerous: bool = False
    discards: bool = False


def take_step(request: HttpRequest, model_admin: ReadOnlyTenantModelAdmin[PaymentType], version: PaymentType, step: Step) -> HttpResponse:
    shown = shown_version(version.code)
    seen = fingerprint(shown, version if step.alters_draft else None)

    def run(given: dict[str, Any]) -> HttpResponse:
        asked = {name: value for name, value in given.items() if name != "seen"}
        saved = step.operation(
            code=version.code, actor=actor_of(request), precondition=unchanged_since(given["seen"]), **asked, **step.arguments
        )
        outcome = f"draft version {saved.version} is discarded." if step.discards else _outcome(saved)
        model_admin.log_change(request, saved, outcome)
        return done(request, f"{saved.code} {outcome}", _page_after(model_admin, saved, step))

    return operation_page(
        request,
        model_admin,
        form=step.form(request.POST or None, initial={"seen": seen}),
        title=f"{step.button}: {version.code} version {version.version}",
        button=step.button,
        run=run,
        record=version,
        explanation=step.explanation,
        dangerous=step.dangerous,
        template="portal/payment_types/question.html",
        context={
            "diff": None if version.status == _Status.ACTIVE else diff_to_force(version),
            "diff_title": "What is dropped" if step.discards else "What changes for payments",
        },
    )


def _page_after(model_admin: ReadOnlyTenantModelAdmin[PaymentType], saved: PaymentType, step: Step) -> str:
    if not step.discards:
        return model_admin.change_url(saved)
    left = versions_of(saved.code).order_by("-version").first()
    return model_admin.changelist_url if left is None else model_admin.change_url(left)


def _outcome(saved: PaymentType) -> str:
    if saved.status == _Status.DRAFT:
        return f"version {saved.version} takes effect at {saved.activate_at:%Y-%m-%d %H:%M:%S} UTC."
    if saved.status == _Status.RETIRED:
        return f"version {saved.version} is retired."
    back = "" if saved.rollback_of is None else f", with the terms of version {saved.rollback_of}"
    return f"version {saved.version} is in force{back}."


def steps_of(version: PaymentType) -> Sequence[str]:
    """The buttons of a version. A retired one is edited only where nothing is in force, as the start of the next."""
    match version.status:
        case _Status.DRAFT:
            return ("edit", "activate", "schedule", "discard")
        case _Status.ACTIVE:
            return ("edit", "retire")
        case _:
            return ("roll_back",) if version_in_force(version.code) else ("edit", "roll_back")


def discard_explanation(draft: PaymentType) -> str:
    if versions_of(draft.code).count() == 1:
        return f"There is no other version of {draft.code}, so the payment type is gone with it."
    at = draft.activate_at
    scheduled = f", and nothing takes effect at {at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
    return f"The changes below are dropped{scheduled}. Payments go on as before."


def edit_explanation(shown: PaymentType, draft: PaymentType | None) -> str:
    if draft is None:
        return f"Saving makes a draft with the terms below, from those of version {shown.version}. Nothing changes for payments."
    scheduled = " Saving takes its scheduled activation back." if draft.activate_at is not None else ""
    return f"You edit draft version {draft.version}. Nothing changes for payments until it is put in force.{scheduled}"
