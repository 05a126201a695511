"""Payment types are versioned: a change retires the version in force and makes the next, so every payment keeps what decided it."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Max

from payment_engine.errors import Conflict, FieldError, ValidationFailed
from payment_engine.money import exponent, is_currency
from payments.errors import PaymentTypeUnknown
from payments.models import PaymentType
from tenants import registry

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)
_STEP: Final = Decimal("0.0001")
_CEILING: Final = Decimal(10) ** 18
NAME_LENGTH: Final = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    name: str
    description: str
    is_synchronous: bool
    currencies: list[str]
    min_amount: Decimal | None
    max_amount: Decimal | None
    daily_limit: Decimal | None
    processing_fee: Decimal


def save_payment_type(
    *,
    code: str,
    name: str,
    description: str = "",
    is_synchronous: bool = True,
    currencies: Iterable[str] = (),
    min_amount: Decimal | None = None,
    max_amount: Decimal | None = None,
    daily_limit: Decimal | None = None,
    processing_fee: Decimal = Decimal(0),
    expected_version: int | None = None,
) -> PaymentType:
    """Put these terms in force: the first version, or the next one in place of the version in force, which is retired.

    Terms equal to those in force change nothing. Locks the version in force. `expected_version` is the version the caller
    saw in force, 0 for none: Conflict when it is another by now. Raises ValidationFailed with a pointer per offending field.
    """
    terms = _Terms(
        name=name.strip(),
        description=description.strip(),
        is_synchronous=is_synchronous,
        currencies=sorted(set(currencies)),
        min_amount=min_amount,
        max_amount=max_amount,
        daily_limit=daily_limit,
        processing_fee=processing_fee,
    )
    _check(code, terms)
    try:
        with transaction.atomic():
            saved = _save(code, terms, expected_version)
    except IntegrityError as error:
        raise Conflict("this payment type was changed by somebody else at the same moment") from error
    return saved


def retire_payment_type(*, code: str) -> PaymentType:
    """Take no more payments of this type until it is saved again. Retiring a retired one changes nothing."""
    with transaction.atomic():
        current = _in_force(code)
        if current is not None:
            current.status = PaymentType.Status.RETIRED
            current.save(update_fields=["status"])
            transaction.on_commit(registry.forget)
            return current
        latest = PaymentType.objects.filter(code=code).order_by("-version").first()
    if latest is None:
        raise PaymentTypeUnknown("this tenant has no such payment type")
    return latest


def _save(code: str, terms: _Terms, expected_version: int | None) -> PaymentType:
    current = _in_force(code)
    if expected_version is not None and expected_version != (current.version if current else 0):
        raise Conflict("this payment type was changed since you read it")
    values = asdict(terms)
    if current is not None:
        if all(getattr(current, field) == value for field, value in values.items()):
            return current
        current.status = PaymentType.Status.RETIRED
        current.save(update_fields=["status"])
    latest: int = PaymentType.objects.filter(code=code).aggregate(latest=Max("version"))["latest"] or 0
    transaction.on_commit(registry.forget)
    return PaymentType.objects.create(code=code, version=latest + 1, status=PaymentType.Status.ACTIVE, **values)


def _in_force(code: str) -> PaymentType | None:
    return PaymentType.objects.select_for_update().filter(code=code, status=PaymentType.Status.ACTIVE).first()


def _check(code: str, terms: _Terms) -> None:
    errors = [*_name_errors(code, terms), *_amount_errors(terms), *_currency_errors(terms)]
    if errors:
        raise ValidationFailed("these terms can't be put in force", errors=errors)


def _name_errors(code: str, terms: _Terms) -> Iterable[FieldError]:
    if _CODE.fullmatch(code) is None:
        yield _error("/code", "a code has at most 40 capital letters, digits and underscores and starts with a letter")
    if not terms.name or len(terms.name) > NAME_LENGTH:
        yield _error("/name", f"a name has 1 to {NAME_LENGTH} characters")


def _amount_errors(terms: _Terms) -> Iterable[FieldError]:
    amounts = {
        "/minAmount": terms.min_amount,
        "/maxAmount": terms.max_amount,
        "/dailyLimit": terms.daily_limit,
        "/processingFee": terms.processing_fee,
    }
    wrong = {pointer for pointer, amount in amounts.items() if amount is not None and not _is_amount(amount)}
    for pointer in sorted(wrong):
        yield _error(pointer, "an amount is not negative and has at most 18 digits before and 4 after the decimal point")
    for pointer in ("/maxAmount", "/dailyLimit"):
        if pointer not in wrong and amounts[pointer] == 0:
            yield _error(pointer, "a limit is greater than zero; leave it empty for none")
    if wrong & {"/minAmount", "/maxAmount"} or terms.min_amount is None or terms.max_amount is None:
        return
    if terms.min_amount > terms.max_amount:
        yield _error("/minAmount", "the smallest amount is not above the largest")


def _is_amount(amount: Decimal) -> bool:
    return amount.is_finite() and 0 <= amount < _CEILING and amount == amount.quantize(_STEP)


def _currency_errors(terms: _Terms) -> Iterable[FieldError]:
    unknown = [currency for currency in terms.currencies if not is_currency(currency)]
    if unknown:
        yield _error("/currencies", f"not an ISO 4217 currency code in use: {', '.join(unknown)}")
    if not _is_amount(terms.processing_fee):
        return
    for currency in terms.currencies:
        if currency not in unknown and terms.processing_fee.scaleb(exponent(currency)) % 1:
            yield _error("/processingFee", f"{currency} has {exponent(currency)} digits after the decimal point, this fee has more")


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code="validation_failed", detail=detail)
