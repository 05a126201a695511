"""The header fields of answers, as the document publishes them.

One that is not `required` is there at times: its description says when. Which answers of an operation have which is said
by its declaration (`sends`), or follows from it: see `document_headers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from payment_engine.observability.correlation import ID_PATTERN

REF: Final = "#/components/headers/{component}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseHeader:
    """`variant` tells the document's components apart where a field is required of some answers only."""

    name: str
    description: str
    schema: Mapping[str, Any]
    example: str | int
    required: bool = True
    variant: str = ""

    @property
    def component(self) -> str:
        return self.name + self.variant

    def at_times(self, when: str) -> Self:
        """The same field where an answer may lack it."""
        return replace(self, description=f"{self.description} {when}", required=False, variant="-AtTimes")

    def document(self) -> dict[str, Any]:
        return {"description": self.description, "required": self.required, "schema": dict(self.schema), "example": self.example}


CORRELATION_ID: Final = ResponseHeader(
    name="X-Correlation-ID",
    description="Names this request in logs, events and problems: the caller's own, else a new one.",
    schema={"type": "string", "pattern": f"^{ID_PATTERN}$"},
    example="0198c0de-4711-7000-8000-000000000001",
)
RATE_LIMIT_POLICY: Final = ResponseHeader(
    name="RateLimit-Policy",
    description="What this request was counted against: `q` requests come back in `w` seconds (IETF draft ratelimit-headers).",
    schema={"type": "string", "pattern": r'^"[^"]*";q=[0-9]+;w=[0-9]+$'},
    example='"default";q=1000;w=60',
)
RATE_LIMIT: Final = ResponseHeader(
    name="RateLimit",
    description="What is left of the policy: `r` requests, and there are more in `t` seconds.",
    schema={"type": "string", "pattern": r'^"[^"]*";r=[0-9]+;t=[0-9]+$'},
    example='"default";r=1499;t=1',
)
_WHEN_COUNTED: Final = "Absent where a request was not counted: of the platform for no tenant, or refused before its tenant was known."
RATE_LIMIT_POLICY_AT_TIMES: Final = RATE_LIMIT_POLICY.at_times(_WHEN_COUNTED)
RATE_LIMIT_AT_TIMES: Final = RATE_LIMIT.at_times(_WHEN_COUNTED)
ETAG: Final = ResponseHeader(
    name="ETag",
    description="The version of what was read or changed. A strong one goes into If-Match.",
    schema={"type": "string", "pattern": r'^(W/)?"[!#-~]*"$'},
    example='"v3"',
)
ETAG_AT_TIMES: Final = ETAG.at_times("Absent where an answer is given again, or there is nothing that has a version.")
LOCATION: Final = ResponseHeader(
    name="Location",
    description="Where the new thing is, or where to look again for one that waits.",
    schema={"type": "string", "format": "uri-reference"},
    example="/api/v1/transactions/pay_0198c0de471170008000000000000001",
)
IDEMPOTENT_REPLAYED: Final = ResponseHeader(
    name="Idempotent-Replayed",
    description="This is the first answer again, byte by byte. Absent from the first one.",
    schema={"type": "string", "const": "true"},
    required=False,
    example="true",
)
RETRY_AFTER: Final = ResponseHeader(
    name="Retry-After",
    description="Seconds to wait before the request is sent again.",
    schema={"type": "integer", "minimum": 1},
    example=2,
)
RETRY_AFTER_AT_TIMES: Final = RETRY_AFTER.at_times("Absent where the answer says what is down.")
WWW_AUTHENTICATE: Final = ResponseHeader(
    name="WWW-Authenticate",
    description="The scheme in which to authenticate, and what was wrong with the token (RFC 6750).",
    schema={"type": "string"},
    example='Bearer realm="payment-engine"',
)
WWW_AUTHENTICATE_AT_TIMES: Final = WWW_AUTHENTICATE.at_times("Of a 403 only where the token lacks a scope, which it names.")
ALLOW: Final = ResponseHeader(
    name="Allow", description="The methods there are.", schema={"type": "string"}, example="GET, HEAD, OPTIONS, POST"
)
ALL: Final = (
    CORRELATION_ID,
    RATE_LIMIT_POLICY,
    RATE_LIMIT_POLICY_AT_TIMES,
    RATE_LIMIT,
    RATE_LIMIT_AT_TIMES,
    ETAG,
    ETAG_AT_TIMES,
    LOCATION,
    IDEMPOTENT_REPLAYED,
    RETRY_AFTER,
    RETRY_AFTER_AT_TIMES,
    WWW_AUTHENTICATE,
    WWW_AUTHENTICATE_AT_TIMES,
    ALLOW,
)


def references(headers: tuple[ResponseHeader, ...]) -> dict[str, Any]:
    """The `headers` of an answer in the document."""
    return {header.name: {"$ref": REF.format(component=header.component)} for header in headers}


def components() -> dict[str, Any]:
    return {header.component: header.document() for header in ALL}
