"""The engine's idea of now, in one place. Due times and expiry use the database clock instead."""

from datetime import UTC, date, datetime


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The current date in UTC."""
    return now().date()
