"""What features roll out by: the apps that keep customers, accounts and the like offer them here, so that a page can count who is in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_UNITS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An id as callers pass it to `flags.is_active`, and the attributes that go with it."""

    id: str
    attributes: Mapping[str, str]


Source = Callable[[int], Sequence[Unit]]
"""At most so many units of the tenant in context, the newest ones."""

_sources: dict[str, Source] = {}


def offer_units(name: str, source: Source) -> None:
    """`name` is a plural noun, such as customers. Called once, when the app is ready."""
    _sources[name] = source


def kinds_of_units() -> list[str]:
    return sorted(_sources)


def units(name: str, most: int = MOST_UNITS) -> Sequence[Unit]:
    """Raises KeyError for a kind nobody offers."""
    return _sources[name](most)
