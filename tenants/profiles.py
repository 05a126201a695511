"""What is known of the company behind a tenant, and what is allowed there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final
from zoneinfo import ZoneInfo

import pycountry

from payment_engine.errors import FieldError
from payment_engine.money import is_currency
from tenants.models import Tenant

_ALPHA_2, _ALPHA_3 = 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantProfile:
    """Facts about a tenant; None says nothing about it, an empty text takes the fact away."""

    environment: str | None = None
    company_name: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    region: str | None = None

    def given(self) -> dict[str, str]:
        """What is said, by the tenant's attribute."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}


POINTERS: Final[Mapping[str, str]] = {
    field.name: "/profile/" + field.name.split("_")[0] + "".join(word.title() for word in field.name.split("_")[1:])
    for field in fields(TenantProfile)
}


def profile_errors(profile: TenantProfile) -> Iterator[FieldError]:
    given = profile.given()
    for name, value in given.items():
        longest = getattr(Tenant._meta.get_field(name), "max_length", 0)  # noqa: SLF001  # Django's documented name
        if (flaw := _flaw(name, value)) is not None:
            yield _error(name, flaw)
        elif len(value) > longest:
            yield _error(name, f"this has at most {longest} characters")
        elif not value.isprintable():
            yield _error(name, "this has printable characters only")


def _flaw(name: str, value: str) -> str | None:
    match name:
        case "environment" if value not in Tenant.Environment.values:
            return f"an environment is one of {', '.join(Tenant.Environment.values)}"
        case "country" if value and not _is_country(value):
            return "a country is its ISO 3166-1 code of two or three capital letters, such as DE or USA"
        case "time_zone" if value and not _is_time_zone(value):
            return "a time zone is its IANA name, such as Europe/Berlin or America/New_York"
        case "currency" if value and not is_currency(value):
            return "a currency is its ISO 4217 code, such as EUR"
    return None


def _is_country(code: str) -> bool:
    if len(code) not in {_ALPHA_2, _ALPHA_3} or not code.isupper():
        return False
    found = pycountry.countries.get(alpha_2=code) if len(code) == _ALPHA_2 else pycountry.countries.get(alpha_3=code)
    return found is not None


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no relative path, a folder
        return False
    return True


def _error(name: str, detail: str) -> FieldError:
    return FieldError(pointer=POINTERS[name], code="profile_invalid", detail=detail)
