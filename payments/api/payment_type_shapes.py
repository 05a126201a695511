"""Payment types as the API reads them."""

import re
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

from msgspec import Meta, field

from config_mgmt.api.shapes_settings import Reason
from config_mgmt.flags.documents import Instant
from payment_engine.api.amount_schemas import AmountOrZero
from payment_engine.api.amounts import AmountInput, CurrencyCode
from payment_engine.api.errors import field_failed
from payment_engine.api.json import Input, whole_number
from payment_engine.errors import FieldError
from payment_engine.money import AmountInvalid
from payments.definitions import Definition
from payments.errors import TermsInvalid
from payments.fees import FeePayer, FeeSchedule, FeeTier, FeeType
from payments.operations.payment_type_checks import ATTEMPTS_MAX, BACKOFF_MAX_SECONDS, CODE_PATTERN, COUNT_MAX, NAME_LENGTH, TIERS_MAX
from payments.routes import RAILS, RetryPolicy
from payments.velocity import VelocityLimit, Window

E = TypeVar("E", bound=StrEnum)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,20})?", re.ASCII)
_CUT_OFF: Final = re.compile("([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", re.ASCII)
VERSION_MAX: Final = 2**31 - 1


def _choice(*allowed: str) -> Any:  # noqa: ANN401  # a type
    """Published as an enumeration; decoding lets any text through, so that a wrong one is told which there are."""
    return Annotated[str, Meta(extra_json_schema={"enum": list(allowed)})]


def _whole(most: int) -> Any:  # noqa: ANN401  # a type
    """Read by `_number`: to JSON 5 and 5.0 are one number, which a decoder of `int` does not see."""
    return Annotated[Any, Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": most})]


_PERCENTAGE: Final = {
    "description": "Per cent, from 0 to 100; a JSON number is read exactly.",
    "anyOf": [{"type": "string", "pattern": r"^(100|[0-9]{1,2}(\.[0-9]{1,6})?)$"}, {"type": "integer", "minimum": 0, "maximum": 100}],
}
# mypy can't follow types that are made by a function.
FeeTypeText: Any = _choice(*FeeType)
FeePayerText: Any = _choice(*FeePayer)
WindowText: Any = _choice(*Window)
RailText: Any = _choice(*RAILS)
MaxCount: Any = Annotated[Any, Meta(extra_json_schema={"type": ["integer", "null"], "minimum": 1, "maximum": COUNT_MAX})]
Attempts: Any = _whole(ATTEMPTS_MAX)
BackoffSeconds: Any = _whole(BACKOFF_MAX_SECONDS)
Percentage = Annotated[AmountInput, Meta(extra_json_schema=_PERCENTAGE)]
Code = Annotated[str, Meta(extra_json_schema={"pattern": f"^{CODE_PATTERN}$"})]
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": NAME_LENGTH, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": 1000})]
CutOff = Annotated[str, Meta(extra_json_schema={"pattern": f"^{_CUT_OFF.pattern}$"}, description="On the clock of timeZone")]
VersionNumber: Any = _whole(VERSION_MAX)


class FeeTierInput(Input, frozen=True, kw_only=True):
    """Amounts up to and including `upTo`; the last tier has none. The tier an amount falls in prices the whole amount."""

    up_to: AmountInput | None = None
    amount: AmountOrZero | None = None
    percentage: Percentage | None = None


class FeeScheduleInput(Input, frozen=True, kw_only=True):
    """FLAT has `amount`, PERCENTAGE has `percentage`, TIERED has `tiers`; the last two may have `min` and `max`.

    Percentages are rounded half up to the currency's smallest unit, then bounded. The debtor pays a fee on top of the
    amount, the creditor out of it.
    """

    type: FeeTypeText
    payer: FeePayerText = "DEBTOR"
    amount: AmountOrZero | None = None
    percentage: Percentage | None = None
    minimum: AmountOrZero | None = field(default=None, name="min")
    maximum: AmountOrZero | None = field(default=None, name="max")
    tiers: Annotated[tuple[FeeTierInput, ...], Meta(max_length=TIERS_MAX)] = ()


class VelocityLimitInput(Input, frozen=True, kw_only=True):
    """At most so many payments of this type, and so much in total, per debtor account and calendar minute, hour, day or month (UTC)."""

    window: WindowText
    max_count: MaxCount = None
    max_amount: AmountInput | None = None
    scope: Literal["DEBTOR_ACCOUNT"] = "DEBTOR_ACCOUNT"


class RetryPolicyInput(Input, frozen=True, kw_only=True):
    """For rails that can fail for a moment: attempts on each, and seconds after the first, then doubled. The internal one needs none."""

    max_attempts: Attempts
    backoff_seconds: BackoffSeconds


class PaymentTypeChange(Input, frozen=True, kw_only=True):
    """The terms of the next version; what is left out is not limited. Amounts are major units of the payment's own currency.

    `processingFee` is short for a flat fee that the debtor pays. `cutOffTime` needs `timeZone`. Rails in `railFallbacks` are
    tried in their order after `rail`: `internal` reaches accounts kept here, the others lead out of the bank, which takes
    `isSynchronous` false. A payment that is not synchronous is answered 202 with a hold, and carried out right after.
    Payments of at least `approvalThreshold` wait for another person's approval. `dailyLimit` and `velocityLimits`
    count per debtor account. With status DRAFT nothing takes effect yet.
    """

    name: Name
    description: Description = ""
    is_synchronous: bool = True
    currencies: Annotated[tuple[CurrencyCode, ...], Meta(max_length=200)] = ()
    min_amount: AmountOrZero | None = None
    max_amount: AmountInput | None = None
    daily_limit: AmountInput | None = None
    velocity_limits: Annotated[tuple[VelocityLimitInput, ...], Meta(max_length=len(Window))] = ()
    processing_fee: AmountOrZero | None = None
    fee_schedule: FeeScheduleInput | None = None
    cut_off_time: CutOff | None = None
    time_zone: Annotated[str, Meta(max_length=64, description="IANA name, such as Europe/Zurich")] | None = None
    calendar: Annotated[str, Meta(max_length=40, description="Code of a business-day calendar, such as TARGET2")] | None = None
    rail: RailText = "internal"
    rail_fallbacks: Annotated[tuple[RailText, ...], Meta(max_length=len(RAILS))] = ()
    approval_threshold: AmountInput | None = None
    retry_policy: RetryPolicyInput | None = None
    status: Annotated[str, Meta(extra_json_schema={"enum": ["ACTIVE", "DRAFT"]})] = "ACTIVE"
    reason: Reason = ""
    code: Code | None = None

    def check_code(self, code: str) -> None:
        """What was read may be sent back: a code in the body is that of the path."""
        if self.code not in {None, code}:
            detail = f"this is {code}, as in the path; a payment type keeps its code for ever"
            raise TermsInvalid(detail, errors=[FieldError(pointer="/code", code=TermsInvalid.code, detail=detail)])

    @property
    def is_draft(self) -> bool:
        if self.status not in {"ACTIVE", "DRAFT"}:
            raise field_failed("/status", "a version is made ACTIVE or as a DRAFT; it is RETIRED by the next one or by /retire")
        return self.status == "DRAFT"

    def definition(self) -> Definition:
        """Raises AmountInvalid or ValidationFailed with the pointer of the first member that can't be read at all."""
        return Definition(
            name=self.name,
            description=self.description,
            is_synchronous=self.is_synchronous,
            currencies=self.currencies,
            min_amount=_decimal(self.min_amount, "/minAmount"),
            max_amount=_decimal(self.max_amount, "/maxAmount"),
            daily_limit=_decimal(self.daily_limit, "/dailyLimit"),
            velocity_limits=tuple(_limit(limit, f"/velocityLimits/{n}") for n, limit in enumerate(self.velocity_limits)),
            processing_fee=_decimal(self.processing_fee, "/processingFee") or Decimal(0),
            fee_schedule=None if self.fee_schedule is None else _schedule(self.fee_schedule, "/feeSchedule"),
            cut_off_time=None if self.cut_off_time is None else _cut_off(self.cut_off_time),
            time_zone=self.time_zone or "",
            calendar=self.calendar or "",
            rail=self.rail,
            rail_fallbacks=self.rail_fallbacks,
            approval_threshold=_decimal(self.approval_threshold, "/approvalThreshold"),
            retry_policy=None if self.retry_policy is None else _retry_policy(self.retry_policy),
        )


class PaymentTypeInput(PaymentTypeChange, frozen=True, kw_only=True):
    """A new payment type, in force at once unless it is a DRAFT. See PaymentTypeChange for its terms."""

    code: Code


class ActivationInput(Input, frozen=True, kw_only=True):
    """Which draft to put in force, and when if not now."""

    version: VersionNumber
    activate_at: Instant | None = None
    reason: Reason = ""

    @property
    def number(self) -> int:
        return _number(self.version, "/version", VERSION_MAX)


class RetirementInput(Input, frozen=True, kw_only=True):
    """Why no more payments of this type are taken."""

    reason: Reason = ""


class PaymentTypeRollbackInput(Input, frozen=True, kw_only=True):
    """The version whose terms come back."""

    version: VersionNumber
    reason: Reason = ""

    @property
    def number(self) -> int:
        return _number(self.version, "/version", VERSION_MAX)


def _schedule(given: FeeScheduleInput, at: str) -> FeeSchedule:
    return FeeSchedule(
        type=_one_of(FeeType, given.type, f"{at}/type"),
        payer=_one_of(FeePayer, given.payer, f"{at}/payer"),
        amount=_decimal(given.amount, f"{at}/amount"),
        percentage=_decimal(given.percentage, f"{at}/percentage"),
        minimum=_decimal(given.minimum, f"{at}/min"),
        maximum=_decimal(given.maximum, f"{at}/max"),
        tiers=tuple(
            FeeTier(
                up_to=_decimal(tier.up_to, f"{at}/tiers/{n}/upTo"),
                amount=_decimal(tier.amount, f"{at}/tiers/{n}/amount"),
                percentage=_decimal(tier.percentage, f"{at}/tiers/{n}/percentage"),
            )
            for n, tier in enumerate(given.tiers)
        ),
    )


def _limit(given: VelocityLimitInput, at: str) -> VelocityLimit:
    window = _one_of(Window, given.window, f"{at}/window")
    count = None if given.max_count is None else _number(given.max_count, f"{at}/maxCount", COUNT_MAX)
    return VelocityLimit(window=window, max_count=count, max_amount=_decimal(given.max_amount, f"{at}/maxAmount"))


def _retry_policy(given: RetryPolicyInput) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=_number(given.max_attempts, "/retryPolicy/maxAttempts", ATTEMPTS_MAX),
        backoff_seconds=_number(given.backoff_seconds, "/retryPolicy/backoffSeconds", BACKOFF_MAX_SECONDS),
    )


def _number(value: object, pointer: str, most: int) -> int:
    number = whole_number(value)
    if number is None or not 1 <= number <= most:
        raise field_failed(pointer, f"this is a whole number from 1 to {most}")
    return number


def _one_of(kind: type[E], text: str, pointer: str) -> E:
    try:
        return kind(text)
    except ValueError:
        raise field_failed(pointer, f"this is one of {', '.join(kind)}") from None


def _cut_off(text: str) -> time:
    if _CUT_OFF.fullmatch(text) is None:
        raise field_failed("/cutOffTime", "a cut-off is a time of the day such as 17:00 or 17:00:30")
    return time.fromisoformat(text)


def _decimal(value: AmountInput | None, pointer: str) -> Decimal | None:
    """Exactly what is written. Signs are let through: what a negative amount is told belongs to the rules of its member."""
    if value is None:
        return None
    if _DECIMAL.fullmatch(value.text) is None:
        detail = 'this is a plain decimal such as "50000.00", without an exponent'
        raise AmountInvalid(detail, errors=[FieldError(pointer=pointer, code=AmountInvalid.code, detail=detail)])
    return Decimal(value.text)
