"""Every rule about one payment with its verdict, where `decide` stops at the first that refuses. Pure, and of the same rules.

A payment is allowed by `decide` if and only if no rule here refuses it; what `decide` says is among the refusals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from accounts.ledger.drafts import LockedAccount
from payment_engine.errors import EngineError, ValidationFailed
from payment_engine.money import format_amount
from payments import rules
from payments.fees import FeePayer
from payments.rules import Price
from payments.terms import MinorTerms, PaymentTerms
from payments.velocity import COUNTABLE, EVERY_TYPE, MinorLimit, UsageOfAccount


class Rule(StrEnum):
    PAYMENT_TYPE = "Payment type takes payments"
    DEBTOR = "Debtor account"
    CREDITOR = "Creditor account"
    ROUTE = "A rail leads there"
    DIFFERENT_ACCOUNTS = "Two different accounts"
    CURRENCY = "Currency is served"
    FEE_EXPRESSIBLE = "Fee can be charged in the currency"
    SMALLEST = "Smallest amount"
    LARGEST = "Largest amount"
    USAGE = "Limit of the debtor account"
    APPROVAL = "Approval"
    FEE_COVERED = "Amount covers the fee"
    FUNDS = "Available funds"
    CREDITOR_CAPACITY = "Creditor account can hold it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`detail` says what the rule compared. Not judged: what it would compare is missing, because another rule refused."""

    rule: Rule
    detail: str
    refusal: EngineError | None = None
    judged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a payment is judged by; as the arguments of `decide`."""

    amount_minor: int
    currency: str
    terms: PaymentTerms
    debtor: LockedAccount | None
    creditor: LockedAccount | None
    used: UsageOfAccount
    elsewhere: bool = False

    def in_currency(self, account: LockedAccount | None) -> bool:
        return account is not None and account.currency == self.currency

    def shown(self, minor: int) -> str:
        return f"{format_amount(minor, self.currency)} {self.currency}"


def verdicts(facts: Facts) -> list[Verdict]:
    """In the order in which `decide` asks, of the rules that these terms have."""
    return list(_verdicts(facts))


def _verdicts(facts: Facts) -> Iterator[Verdict]:
    yield _type_verdict(facts.terms)
    debtor_refusal = rules.account_refuses(facts.debtor, "/debtorAccount", facts.currency)
    yield _verdict(Rule.DEBTOR, _account(facts.debtor), debtor_refusal)
    if facts.creditor is None:
        yield _verdict(
            Rule.CREDITOR, "at another bank" if facts.elsewhere else "", rules.route_refuses(facts.terms, None, elsewhere=facts.elsewhere)
        )
    else:
        creditor_refusal = rules.account_refuses(facts.creditor, "/creditorAccount", facts.currency)
        yield _verdict(Rule.CREDITOR, _account(facts.creditor), creditor_refusal)
        yield _verdict(
            Rule.ROUTE, ", then ".join(facts.terms.route.rails), rules.route_refuses(facts.terms, facts.creditor, elsewhere=False)
        )
    if facts.debtor is not None and facts.creditor is not None:
        same = rules.same_account_refuses(facts.debtor, facts.creditor)
        yield _verdict(Rule.DIFFERENT_ACCOUNTS, "debtor and creditor differ", same)
    served = ", ".join(sorted(facts.terms.currencies)) or "every currency"
    yield _verdict(Rule.CURRENCY, f"serves {served}", rules.currency_refuses(facts.terms, facts.currency))
    try:
        minor = facts.terms.in_minor_units(facts.currency)
    except ValidationFailed as error:
        yield _verdict(Rule.FEE_EXPRESSIBLE, "", error)
        return
    yield from _amount_verdicts(facts, minor)
    yield from _price_verdicts(facts, minor)


def _type_verdict(terms: PaymentTerms) -> Verdict:
    refusal = None if terms.active else rules.inactive_refusal(terms)
    return _verdict(Rule.PAYMENT_TYPE, f"{terms.code}, version {terms.version}", refusal)


def _amount_verdicts(facts: Facts, minor: MinorTerms) -> Iterator[Verdict]:
    amount, currency = facts.amount_minor, facts.currency
    if minor.min_minor is not None:
        refusal = rules.smallest_amount_refuses(amount, currency, minor)
        yield _verdict(Rule.SMALLEST, f"at least {facts.shown(minor.min_minor)}", refusal)
    if minor.max_minor is not None:
        refusal = rules.largest_amount_refuses(amount, currency, minor)
        yield _verdict(Rule.LARGEST, f"at most {facts.shown(minor.max_minor)}", refusal)
    for limit in minor.limits:
        yield _usage_verdict(facts, limit)
    if minor.approval_minor is not None:
        needed = ": this payment needs one" if rules.approval_needed(amount, minor) else ""
        yield _verdict(Rule.APPROVAL, f"needed from {facts.shown(minor.approval_minor)} on{needed}", None)


def _usage_verdict(facts: Facts, limit: MinorLimit) -> Verdict:
    if not facts.in_currency(facts.debtor):
        return Verdict(rule=Rule.USAGE, detail=_limit(facts, limit), judged=False)
    used = facts.used.get((limit.counted_as, limit.window), rules.UNUSED)
    parts = []
    if limit.max_count is not None:
        parts.append(f"{used.count} of {limit.max_count} payments")
    if limit.max_minor < COUNTABLE:
        parts.append(f"{format_amount(used.amount_minor, facts.currency)} of {facts.shown(limit.max_minor)}")
    detail = f"{_limit(facts, limit)}; used: {', '.join(parts)}"
    return _verdict(Rule.USAGE, detail, rules.usage_refuses(facts.amount_minor, facts.currency, limit, facts.used))


def _limit(facts: Facts, limit: MinorLimit) -> str:
    most = []
    if limit.max_count is not None:
        most.append(f"{limit.max_count} payments")
    if limit.max_minor < COUNTABLE:
        most.append(facts.shown(limit.max_minor))
    together = ", all types together" if limit.counted_as == EVERY_TYPE else ""
    return f"at most {' and '.join(most)} in one {limit.window.value.lower()}{together}"


def _price_verdicts(facts: Facts, minor: MinorTerms) -> Iterator[Verdict]:
    price = rules.price_of(facts.amount_minor, minor)
    if minor.fee.payer is FeePayer.CREDITOR:
        refusal = rules.uncovered_fee_refuses(facts.amount_minor, facts.currency, minor, price)
        yield _verdict(Rule.FEE_COVERED, f"the creditor pays the fee of {facts.shown(price.fee_minor)} out of the amount", refusal)
    yield _funds_verdict(facts, price)
    if facts.creditor is not None and facts.in_currency(facts.creditor):
        refusal = rules.full_account_refuses(facts.amount_minor, facts.creditor)
        yield _verdict(Rule.CREDITOR_CAPACITY, "a balance has at most 19 digits", refusal)


def _funds_verdict(facts: Facts, price: Price) -> Verdict:
    needed = f"{facts.shown(price.debit_minor)} needed"
    debtor = facts.debtor
    if debtor is None or not facts.in_currency(debtor):
        return Verdict(rule=Rule.FUNDS, detail=needed, judged=False)
    return _verdict(Rule.FUNDS, f"{needed}, {facts.shown(debtor.available_minor)} available", rules.funds_refuse(price.debit_minor, debtor))


def _account(account: LockedAccount | None) -> str:
    return "" if account is None else f"{account.status.lower()}, in {account.currency}"


def _verdict(rule: Rule, detail: str, refusal: EngineError | None) -> Verdict:
    return Verdict(rule=rule, detail=detail, refusal=refusal)
