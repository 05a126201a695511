"""What stands in the portal's tables: amounts, badges, links, moments."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from payment_engine.ids import public_id
from payment_engine.money import format_amount

NOTHING: Final = "–"
_AMOUNTS_OF_API: Final = re.compile(r"(?<![\w.,:-])\d{4,18}(?=(?:\.\d+)? (?:of \d+(?:\.\d+)? )?[A-Z]{3}\b)", re.ASCII)
_VARIANTS: Final = {
    "success": {"ACTIVE", "OPEN", "COMPLETED", "up", "ACSC", "ACCC"},
    "warning": {"FROZEN", "SUSPENDED", "PENDING_APPROVAL", "PENDING_ACTIVATION", "PART", "timeout"},
    "danger": {"REJECTED", "FAILED", "CLOSED", "DECOMMISSIONED", "RJCT", "down"},
    "info": {"RECEIVED", "VALIDATED", "SCHEDULED", "RESERVED", "SUBMITTED", "PROCESSING", "DRAFT", "ACSP", "ACTC", "ACCP", "PDNG", "RCVD"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    heading: str
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A small table on a page: of a payment its postings, of a customer the accounts. `empty` is said when there are no rows."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    empty: str
    more: tuple[str, str] | None = None
    """Address and words of the link to all of it."""

    @property
    def lines(self) -> list[list[tuple[str, Column]]]:
        return [list(zip(row, self.columns, strict=True)) for row in self.rows]


def amount(minor: int, currency: str) -> SafeString:
    """`1,234.50 EUR`, digits of equal width, for the eye; forms and the API write amounts without commas."""
    return format_html(
        '<span class="portal-amount">{} <span class="portal-currency">{}</span></span>', grouped_amount(minor, currency), currency
    )


def grouped_amount(minor: int, currency: str) -> str:
    """`1,234.50`, to stand in a sentence."""
    sign, _, digits = format_amount(minor, currency).rpartition("-")
    whole, point, fraction = digits.partition(".")
    return f"{'−' if sign or minor < 0 else ''}{int(whole):,}{point}{fraction}"


def grouped(sentence: str) -> str:
    """What an operation says, with its amounts as the portal writes them: `1,234.50 EUR` for the API's `1234.50 EUR`."""
    return _AMOUNTS_OF_API.sub(lambda found: f"{int(found[0]):,}", sentence)


def plain(value: Decimal | None) -> str:
    """A decimal of no particular currency: at least two digits after the point, and no zeros behind them."""
    if value is None:
        return NOTHING
    whole, _, fraction = f"{value:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def badge(value: str, text: str | None = None) -> SafeString:
    variant = next((variant for variant, values in _VARIANTS.items() if value in values), "default")
    return render_to_string("unfold/helpers/label.html", {"text": text or value.replace("_", " "), "variant": variant})


def link(url: str, text: str) -> SafeString:
    return format_html('<a href="{}" class="portal-link">{}</a>', url, text)


def record_link(view: str, key: UUID | str | None, text: str | None = None) -> str:
    """A link to a row's page such as `accounts_account_change`; only the text while the portal has no such page."""
    if key is None:
        return NOTHING
    shown = text or str(key)
    try:
        return link(reverse(f"admin:{view}", args=[key]), shown)
    except NoReverseMatch:
        return shown


def moment(at: datetime | None) -> SafeString | str:
    """`2026-01-15 09:30:00`, day above time where a column is narrow."""
    if at is None:
        return NOTHING
    return format_html('<span class="portal-moment"><span>{}</span> <span>{}</span></span>', f"{at:%Y-%m-%d}", f"{at:%H:%M:%S}")


def code(text: str) -> SafeString:
    """`INTERNAL_TRANSFER`, which may go on in a second line after an underscore."""
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in re.split(r"(?<=_)", text)))


def short_id(prefix: str, value: UUID) -> SafeString:
    """The beginning and end of an id; all of it when pointed at."""
    text = public_id(prefix, value)
    return format_html('<span class="portal-id" title="{}">{}…{}</span>', text, text[: len(prefix) + 9], text[-6:])
