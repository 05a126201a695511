"""Every setting there is. What is not declared here can't be set, save for keys under `custom.`, which are the tenant's own."""

import fnmatch
import re
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings

from config_mgmt.errors import SettingUnknown
from config_mgmt.setting_types import Setting
from payment_engine.api.amounts import CURRENCIES
from payment_engine.errors import FieldError

FREE_PREFIX: Final = "custom."
_FREE: Final = re.compile(r"custom\.[a-z0-9][a-z0-9_.-]{0,190}", re.ASCII)
_SHOWN: Final = 100


def _rails_that_lead_out() -> list[str]:
    """`internal` books between accounts kept here: there is nobody outside who could be out of service."""
    return [rail for rail in settings.CONNECTED_RAILS if rail != "internal"]


def _names_a_key(pattern: str) -> bool:
    """Of a declared setting, or one that the tenant has or might have of its own."""
    if any(fnmatch.fnmatchcase(setting.key, pattern) for setting in SETTINGS):
        return True
    beginning, star, _ = pattern.partition("*")
    return beginning.startswith(FREE_PREFIX) or bool(star and FREE_PREFIX.startswith(beginning))


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        key="payment.max_daily_limit",
        type="decimal",
        description="The most one debtor account may pay in one currency and UTC day over all payment types; no value is no cap.",
        minimum=Decimal("0.0001"),
        maximum=Decimal("99999999999999.9999"),
        fraction_digits=4,
    ),
    Setting(
        key="payment.default_currency",
        type="choice",
        description="The currency of an account that is opened without naming one.",
        choices=CURRENCIES,
        default=lambda: "EUR",
        allowed="an ISO 4217 currency code in use, such as EUR",
        fallback="currency",
    ),
    Setting(
        key="payment.rails_out_of_service",
        type="keys",
        description="Rails that take no payments at the moment: payments go by the next one of their route, or wait.",
        default=lambda: (),
        names=lambda rail: rail in _rails_that_lead_out(),
        allowed="a list of connected rails that lead out of the bank, an empty one for none",
    ),
    Setting(
        key="tenant.time_zone",
        type="time-zone",
        description="The time zone on whose clock today begins in the portal's sums; limits and statements count days in UTC.",
        default=lambda: ZoneInfo("UTC"),
        fallback="time_zone",
    ),
    Setting(
        key="iso20022.payment_type",
        type="string",
        description="The payment type of a transfer in a message whose service level names none of the tenant's.",
        pattern=r"[A-Z][A-Z0-9_]{0,39}",
        allowed="the code of a payment type: at most 40 capital letters, digits and underscores, beginning with a letter",
        default=lambda: str(settings.ISO20022_PAYMENT_TYPE),
    ),
    Setting(
        key="iso20022.answer_within",
        type="duration",
        description="How long a message may take before it is answered with PDNG and finished in the background.",
        minimum=timedelta(seconds=1),
        maximum=timedelta(seconds=60),
        default=lambda: timedelta(seconds=settings.ISO20022_SECONDS),
        changed_by="platform",
    ),
    Setting(
        key="config.four_eyes_keys",
        type="keys",
        description="Settings whose changes wait for the approval of another person; * stands for any text.",
        default=lambda: (),
        names=_names_a_key,
        four_eyes=True,
    ),
)
BY_KEY: Final = {setting.key: setting for setting in SETTINGS}
KEY_PATTERN: Final = rf"^({'|'.join(re.escape(key) for key in BY_KEY)}|{_FREE.pattern})$"


def setting_of(key: str, *, pointer: str = "/configKey") -> Setting:
    """The declaration of a key; raises SettingUnknown, naming the keys that look like it."""
    if key in BY_KEY:
        return BY_KEY[key]
    if key.startswith(FREE_PREFIX):
        if _FREE.fullmatch(key):
            return Setting(key=key, type="json", description="The tenant's own.")
        raise _unknown(key, pointer, f"a key under {FREE_PREFIX} goes on with small letters, digits, dots, hyphens and underscores")
    near = get_close_matches(key, BY_KEY, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"keys of your own begin with {FREE_PREFIX}"
    raise _unknown(key, pointer, hint)


def _unknown(key: str, pointer: str, hint: str) -> SettingUnknown:
    detail = f"there is no setting {key[:_SHOWN]!r}; {hint}"
    return SettingUnknown(detail, errors=[FieldError(pointer=pointer, code=SettingUnknown.code, detail=detail)])
