"""What an operator may decide about a payment, in which state, and what each decision will do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import Account
from config_mgmt.admin.cells import who
from config_mgmt.admin.request import actor_of, sent
from config_mgmt.values import Actor
from payments.admin.payment_cells import accounts_of, creditor_cell, debtor_cell
from payments.admin.payment_type_words import rail_name
from payments.models import Payment, PaymentApproval
from payments.operations.approvals import approve_payment, cancel_payment, reject_payment
from payments.routes import INTERNAL
from payments.snapshot import terms_of_version
from payments.states import PaymentStatus
from tenants.portal.cells import NOTHING, amount, grouped_amount, moment
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import ReadOnlyTenantModelAdmin

OWN_PAYMENT: Final = "You asked for this payment, so another person must approve it."
_REASON_LENGTH: Final = 140  # as long as the API takes it
_JUDGED_AGAIN: Final = "Accounts and balances are looked at again: a payment that can't be made now goes on waiting."
_BUTTONS: Final = {
    PaymentStatus.PENDING_APPROVAL: ("approve", "reject", "cancel"),
    PaymentStatus.RESERVED: ("cancel",),
    PaymentStatus.COMPLETED: ("reverse",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`done_word` ends the sentence that the log and the next page say; `explanation` says what will happen."""

    button: str
    done_word: str
    explanation: Callable[[Payment], str]
    operation: Callable[..., Payment]
    needs_reason: bool = True
    is_dangerous: bool = True
    own_note: str = ""
    """Said to who asked for the payment."""


class DecisionForm(OperationForm):
    reason = forms.CharField(
        max_length=_REASON_LENGTH,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Stays with the payment, and whoever asked for it reads it",
    )

    def __init__(self, *args: Any, needs_reason: bool, **options: Any) -> None:  # noqa: ANN401  # Django's own
        super().__init__(*args, **options)
        self.fields["reason"].required = needs_reason


def buttons_of(payment: Payment, *, own: bool) -> Sequence[str]:
    """Those that can work: what left the bank is not reversed here, and nobody approves their own, but may reject or cancel it."""
    names = _BUTTONS.get(PaymentStatus(payment.status), ())
    if payment.status == PaymentStatus.COMPLETED and payment.creditor_account_id is None:
        return ()
    if payment.status == PaymentStatus.PENDING_APPROVAL and own:
        return tuple(name for name in names if name != "approve")
    return names


def approval_of(payment: Payment) -> PaymentApproval | None:
    return PaymentApproval.objects.filter(tenant_id=payment.tenant_id, payment_id=payment.pk).first()


def is_own(payment: Payment, actor: Actor) -> bool:
    approval = approval_of(payment)
    return approval is not None and asked_by(approval, actor)


def asked_by(approval: PaymentApproval, actor: Actor) -> bool:
    """Be it with another of their clients or users."""
    return actor.is_one_of(approval.requested_by, approval.requested_by_person)


def decide(request: HttpRequest, model_admin: ReadOnlyTenantModelAdmin[Payment], payment: Payment, decision: Decision) -> HttpResponse:
    """The question with what is decided about, and the answer to it; who can't give it is told why, and gets no button."""
    note = decision.own_note if is_own(payment, actor_of(request)) else ""

    def run(given: dict[str, Any]) -> HttpResponse:
        decided = decision.operation(payment_id=payment.pk, actor=actor_of(request), reason=given["reason"])
        sentence = f"Payment {decision.done_word}{_what_now(decided)}."
        model_admin.log_change(request, decided, sentence)
        return done(request, sentence, model_admin.change_url(payment))

    return operation_page(
        request,
        model_admin,
        form=DecisionForm(sent(request), needs_reason=decision.needs_reason),
        title=f"{decision.button} payment",
        button="" if note else f"{decision.button} payment",
        run=run,
        record=payment,
        explanation=decision.explanation(payment),
        dangerous=decision.is_dangerous,
        template="portal/payments/decision.html",
        context={"facts": _facts(payment), "back_text": "Back", "note": note},
    )


def _facts(payment: Payment) -> list[tuple[str, SafeString | str]]:
    """What is decided about, so that nobody has to remember the page before."""
    accounts, approval = accounts_of([payment]), approval_of(payment)
    debtor = accounts.get((payment.tenant_id, payment.debtor_account_id))
    creditor = accounts.get((payment.tenant_id, payment.creditor_account_id)) if payment.creditor_account_id else None
    facts: list[tuple[str, SafeString | str]] = [
        ("Payment type", f"{payment.payment_type}, version {payment.payment_type_version}"),
        ("Amount", amount(payment.amount_minor, payment.currency)),
        ("Fee", amount(payment.fee_minor, payment.currency)),
        ("Debtor", _party(debtor_cell(payment, accounts), debtor)),
        ("Available there", NOTHING if debtor is None else amount(debtor.available_minor, debtor.currency)),
        ("Creditor", _party(creditor_cell(payment, accounts), creditor)),
        ("Reference", payment.reference or NOTHING),
        ("Remittance information", payment.remittance_information or NOTHING),
    ]
    if approval is not None:
        facts += [
            ("Asked by", who(approval.requested_by, approval.requested_by_person)),
            ("Asked", moment(approval.requested_at)),
        ]
    return facts


def _party(cell: str, account: Account | None) -> SafeString | str:
    """With the names of the customer and of the account; those of a creditor at another bank nobody gave."""
    if account is None:
        return cell
    names = account.name if account.customer is None else f"{account.customer.name}, {account.name}"
    return format_html('{}<br><span class="text-subtle">{}</span>', cell, names)


def _approval_explained(payment: Payment) -> str:
    approval = approval_of(payment)
    debit = _money(payment.amount_minor if approval is None else approval.debit_minor, payment.currency)
    if payment.rail != INTERNAL:
        what = f"{debit} are set aside, and the payment leaves the bank over {rail_name(payment.rail or NOTHING)}."
    elif terms_of_version(payment.payment_type, payment.payment_type_version).synchronous:
        what = f"It is booked at once: {debit} leave the debtor account."
    else:
        what = f"{debit} are set aside, and a worker books the payment within seconds."
    return f"{what} {_JUDGED_AGAIN}"


def _rejection_explained(_payment: Payment) -> str:
    return "It is rejected for good and uses no limit any more. No money was set aside for it."


def _cancelling_explained(payment: Payment) -> str:
    if payment.status == PaymentStatus.PENDING_APPROVAL:
        return "It is called off for good and uses no limit any more. No money was set aside for it."
    return (
        "It is called off for good: what was set aside is available again, and it uses no limit any more. "
        "If it is carried out before you press the button, this is refused."
    )


def _what_now(payment: Payment) -> str:
    match payment.status:
        case PaymentStatus.COMPLETED:
            return " and booked"
        case PaymentStatus.RESERVED:
            way = "a worker books it" if payment.rail == INTERNAL else f"it leaves the bank over {rail_name(payment.rail or NOTHING)}"
            return f": its money is set aside, and {way}"
    return ""


def _money(minor: int, currency: str) -> str:
    return f"{grouped_amount(minor, currency)} {currency}"


APPROVE: Final = Decision(
    button="Approve",
    done_word="approved",
    explanation=_approval_explained,
    operation=approve_payment,
    needs_reason=False,
    is_dangerous=False,
    own_note=OWN_PAYMENT,
)
REJECT: Final = Decision(button="Reject", done_word="rejected", explanation=_rejection_explained, operation=reject_payment)
CANCEL: Final = Decision(button="Cancel", done_word="cancelled", explanation=_cancelling_explained, operation=cancel_payment)
