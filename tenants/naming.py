"""Names of tenants: `{company-name}[-environment]`, lowercase and hyphenated. Pure rules."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from payment_engine.errors import FieldError

LONGEST_SLUG: Final = 63  # of a DNS label and of a PostgreSQL schema
LONGEST_NAME: Final = 140
SLUG_PATTERN: Final = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
REFERENCE_PATTERN: Final = "^TIDLT-[0-9]{6}$"
TEST_TENANT: Final = "TIDLT-000000"
SUFFIXES: Final[Mapping[str, str]] = {"-sbx": "SANDBOX", "-dev": "DEVELOPMENT", "-demo": "DEMO"}
_NEED_SUFFIX: Final = frozenset({"SANDBOX", "DEVELOPMENT"})
_SLUG: Final = re.compile(SLUG_PATTERN[1:-1], re.ASCII)
_REFERENCE: Final = re.compile(REFERENCE_PATTERN[1:-1], re.ASCII)


def environment_of(slug: str) -> str:
    """The environment that the end of a name tells: `newclient-sbx` is a sandbox, `newclient` is production."""
    return next((environment for suffix, environment in SUFFIXES.items() if slug.endswith(suffix)), "PRODUCTION")


def naming_errors(*, slug: str, name: str, environment: str, legacy: bool = False) -> Iterator[FieldError]:
    """Every way in which the names break the rules. A legacy name, kept from an older inventory, needs no suffix."""
    flaw = _slug_flaw(slug) or (None if legacy else _suffix_flaw(slug, environment))
    if flaw is not None:
        yield _error("/tenantId", flaw)
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        yield _error("/tenantName", f"a tenant has a name of 1 to {LONGEST_NAME} printable characters")


def is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None


def _slug_flaw(slug: str) -> str | None:
    if not slug:
        return "a tenant needs an id, such as demo-bank"
    if len(slug) > LONGEST_SLUG:
        return f"this has {len(slug)} characters; an id has at most {LONGEST_SLUG}"
    if slug != slug.lower():
        return "capital letters are not allowed: an id has lowercase letters, digits and single hyphens"
    if not slug[0].isascii() or not slug[0].isalpha():
        return "an id starts with a lowercase letter"
    if _SLUG.fullmatch(slug) is None:
        return "an id has lowercase letters, digits and single hyphens between them, such as demo-bank"
    return None


def _suffix_flaw(slug: str, environment: str) -> str | None:
    told = environment_of(slug)
    if told not in {environment, "PRODUCTION"}:
        return f"a name that ends like this is one of {told}, not of {environment}"
    if environment in _NEED_SUFFIX and told != environment:
        suffix = next(suffix for suffix, meant in SUFFIXES.items() if meant == environment)
        return (
            f"a tenant of {environment} has a name that ends in {suffix}, such as {slug[: LONGEST_SLUG - len(suffix)].rstrip('-')}{suffix}"
        )
    return None


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code="name_invalid", detail=detail)
