"""The second pair of eyes: who may approve what somebody asked for, be it a change of configuration or a payment."""

from config_mgmt.errors import NotAuthorised, SelfApproval
from config_mgmt.values import Actor


def check_second_person(actor: Actor, asked_by: str, asked_by_person: str, *, what: str) -> None:
    """Raises NotAuthorised for an approver nobody answers for, SelfApproval for who asked for it. `what` is a change, a payment."""
    if not actor.is_answered_for or not actor.person:
        raise NotAuthorised("nobody answers for this client, so it approves nothing: make one that names its person")
    if actor.is_one_of(asked_by, asked_by_person):
        raise SelfApproval(f"{what} is approved by another person than the one who asked for it")
