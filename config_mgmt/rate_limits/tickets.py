"""A request's place under a rate limit: counted once, alone or in one round trip with those it waits with.

The middleware gives every request of a tenant its ticket and has it counted before the view is called. A view whose
requests wait for each other anyway says so in its `Operation` (`counted_together`): then whoever acts for them counts the
tickets first and acts for the admitted ones only. A ticket nobody counted is counted when the answer goes out. While a
policy refuses, its requests are counted at once: a caller far over its limit must not fill the places of those who wait.
"""

from collections.abc import Iterable
from typing import Final, cast

from django.http import HttpRequest

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.gcra import Verdict
from config_mgmt.rate_limits.limiter import limiter
from config_mgmt.rate_limits.shared import Heard
from payment_engine.api.errors import RateLimited
from tenants import registry
from tenants.database.on_loop import off_loop
from tenants.registry import TenantRecord

_KEPT: Final = 10_000
_heard: Final[dict[str, Heard]] = {}
_refusing: Final[set[str]] = set()
"""Keys of the policies whose last request was refused."""


class Ticket:
    """`verdict` is None until the request is counted."""

    __slots__ = ("policy", "tenant", "verdict")

    def __init__(self, tenant: TenantRecord, policy: Policy) -> None:
        self.tenant = tenant
        self.policy = policy
        self.verdict: Verdict | None = None

    @property
    def may_wait(self) -> bool:
        """Whether it can be counted later, with those it waits with."""
        return self.policy.key not in _refusing

    @property
    def refusal(self) -> RateLimited | None:
        """None for a request that was admitted. `Retry-After` is in whole seconds, after which a request is admitted."""
        assert self.verdict is not None, "asked after it was counted"  # noqa: S101
        if self.verdict.admitted:
            return None
        limit, seconds = self.policy.limit, self.verdict.wait_seconds
        return RateLimited(
            f"this tenant may send {limit.per_minute} requests a minute to {self.policy.endpoint}, {limit.burst} at once; "
            f"come back in {seconds} second{'s' if seconds > 1 else ''}",
            headers={"Retry-After": str(seconds)},
        )


def ticket_of(request: HttpRequest) -> Ticket | None:
    """The ticket the middleware left on the request; None where no policy applies."""
    return cast("Ticket | None", getattr(request, "rate_limit_ticket", None))


def count(tickets: Iterable[Ticket]) -> None:
    """Count those that have no verdict yet, in one round trip for each policy; in the order given."""
    waiting: dict[str, list[Ticket]] = {}
    for ticket in tickets:
        if ticket.verdict is None:
            waiting.setdefault(ticket.policy.key, []).append(ticket)
    for together in waiting.values():
        verdicts, heard = off_loop(limiter().spend_together, together[0].policy, len(together))
        for ticket, verdict in zip(together, verdicts, strict=True):
            ticket.verdict = verdict
        _note(together[0].policy, refuses=not verdicts[-1].admitted)
        _listen(together[0].tenant, heard)


def _note(policy: Policy, *, refuses: bool) -> None:
    if not refuses:
        _refusing.discard(policy.key)
    elif len(_refusing) < _KEPT:
        _refusing.add(policy.key)


def _listen(tenant: TenantRecord, heard: Heard) -> None:
    """What this process did not know yet makes it read the registry anew; once, in case the bell says more than the registry."""
    if heard.revision is None or heard == _heard.get(tenant.slug):
        return
    _heard[tenant.slug] = heard
    if heard.revision > tenant.config_revision or heard.status not in {None, tenant.status}:
        registry.forget()
