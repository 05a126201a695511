"""Which policy a request is under: endpoint patterns, the most specific one first. Pure.

A pattern is a path (`/api/v1/transactions`), a path with `*` at its end for everything that begins so
(`/api/v1/iso20022/*`), or `*` alone for every endpoint.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from config_mgmt.rate_limits.limits import RateLimit
from payment_engine.api.errors import field_failed

EVERY_ENDPOINT: Final = "*"
ENDPOINT_PATTERN: Final = r"^(\*|/api/[A-Za-z0-9._~/-]*\*?)$"
LONGEST_ENDPOINT: Final = 200
Origin = Literal["TENANT", "TIER", "DEFAULT"]
_WELL_FORMED: Final = re.compile(ENDPOINT_PATTERN)
_API: Final = re.compile(r"^/api/v\d+/")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A limit in force for one tenant: where it came from, and its version if it is the tenant's own."""

    tenant: str
    endpoint: str
    limit: RateLimit
    origin: Origin
    version: int | None = None

    @cached_property
    def name(self) -> str:
        """What the RateLimit fields call it: the endpoint without the API's own prefix."""
        return "default" if self.endpoint == EVERY_ENDPOINT else _API.sub("", self.endpoint)

    @cached_property
    def key(self) -> str:
        """Of its bucket in Valkey. A changed limit begins with a full bucket: debts under another limit are not comparable."""
        return f"rate-limit:{self.tenant}:{self.endpoint}:{self.limit.per_minute}:{self.limit.burst}"


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The policies of one tenant; one of them is for every endpoint."""

    all: tuple[Policy, ...]
    _exact: dict[str, Policy] = field(init=False, repr=False, compare=False)
    _below: list[tuple[str, Policy]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        below = [(policy.endpoint[:-1], policy) for policy in self.all if policy.endpoint.endswith("*")]
        object.__setattr__(self, "_exact", {policy.endpoint: policy for policy in self.all})
        object.__setattr__(self, "_below", sorted(below, key=lambda entry: -len(entry[0])))

    def policy_for(self, path: str) -> Policy:
        """The exact endpoint's, else that of the longest beginning."""
        if (exact := self._exact.get(path)) is not None:
            return exact
        return next(policy for beginning, policy in self._below if path.startswith(beginning))

    def named(self, endpoint: str) -> Policy | None:
        """The policy of this very pattern."""
        return self._exact.get(endpoint)


def merged(*layers: Iterable[Policy]) -> Policies:
    """One policy for each endpoint pattern, from the first layer that has one; ordered by pattern."""
    found: dict[str, Policy] = {}
    for layer in layers:
        for policy in layer:
            found.setdefault(policy.endpoint, policy)
    return Policies(all=tuple(found[endpoint] for endpoint in sorted(found)))


def check_endpoint(endpoint: str, *, pointer: str = "?endpoint") -> str:
    """The pattern, or ValidationFailed with what a pattern may look like."""
    if len(endpoint) > LONGEST_ENDPOINT or not _WELL_FORMED.match(endpoint) or endpoint.endswith("\n"):
        sentence = (
            f"an endpoint is a path such as /api/v1/transactions of at most {LONGEST_ENDPOINT} letters, digits and ._~-/, "
            "with * only at its end for everything that begins so, or * alone for every endpoint"
        )
        raise field_failed(pointer, sentence, code="endpoint_invalid")
    return endpoint
