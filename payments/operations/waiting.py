"""Payments that wait: who asked for them, and how a worker hears of them."""

from typing import Final

from msgspec import Struct

from tenants.queries.client_standing import client_standing
from tenants.tasking import ring_on_commit

CARRY_OUT: Final = "payments.tasks.carry_out_payments"
"""By name: tasks are doors, and operations know none."""


class Requester(Struct, frozen=True, kw_only=True):
    """The client or user that asks, and the person who answers for it."""

    name: str
    person: str


def requester(created_by: str) -> Requester:
    """A name that is no API client's is a user's or a command's, and stands for itself. One query at most, in the registry."""
    standing = client_standing(created_by) if created_by else None
    return Requester(name=created_by or "unknown", person=standing.person if standing else created_by or "unknown")


def wake_a_worker() -> None:
    """After the commit. Nothing is lost if nobody hears: the sweeper finds what is due within a second."""
    ring_on_commit(CARRY_OUT)
