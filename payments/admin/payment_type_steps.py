"""The steps in the life of a version: each asks why, shows what changes for payments, and calls one operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse

from config_mgmt.admin.request import actor_of
from payments.admin.payment_type_forms import StepForm
from payments.admin.payment_type_panels import diff_to_force
from payments.admin.payment_type_seen import fingerprint, unchanged_since
from payments.models import PaymentType
from payments.queries.payment_types import shown_version
from tenants.portal.forms import done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin

_Status = PaymentType.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`operation` is called with the code, the actor, what the form says, and `arguments`. `alters_draft`: it locks the draft too."""

    button: str
    explanation: str
    operation: Callable[..., PaymentType]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    form: type[StepForm] = StepForm
    alters_draft: bool = False
    dangerous: bool = False


def take_step(request: HttpRequest, model_admin: ReadOnlyTenantModelAdmin[PaymentType], version: PaymentType, step: Step) -> HttpResponse:
    shown = shown_version(version.code)
    seen = fingerprint(shown, version if step.alters_draft else None)

    def run(given: dict[str, Any]) -> HttpResponse:
        asked = {name: value for name, value in given.items() if name != "seen"}
        saved = step.operation(
            code=version.code, actor=actor_of(request), precondition=unchanged_since(given["seen"]), **asked, **step.arguments
        )
        model_admin.log_change(request, saved, _outcome(saved))
        return done(request, f"{saved.code} {_outcome(saved)}", model_admin.change_url(saved))

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
        context={"diff": None if version.status == _Status.ACTIVE else diff_to_force(version)},
    )


def _outcome(saved: PaymentType) -> str:
    if saved.status == _Status.DRAFT:
        return f"version {saved.version} takes effect at {saved.activate_at:%Y-%m-%d %H:%M:%S} UTC."
    if saved.status == _Status.RETIRED:
        return f"version {saved.version} is retired."
    back = "" if saved.rollback_of is None else f", with the terms of version {saved.rollback_of}"
    return f"version {saved.version} is in force{back}."
