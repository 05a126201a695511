"""Which header fields the answers of an operation have beside those it `sends`: they follow from what it declares and takes."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self

from payment_engine.api import response_headers as sent
from payment_engine.api.endpoints import CONFIG_PREFIX, IDEMPOTENCY_KEY_REQUIRED, IF_MATCH
from payment_engine.api.json import JsonObject
from payment_engine.api.response_headers import ResponseHeader

_BEFORE_THE_TENANT: Final = frozenset({403, 404, 500, 503})
_KEPT_WITH_A_KEY: Final = frozenset({404, 409, 422, 423})
_OF_STATUS: Final[dict[int, tuple[ResponseHeader, ...]]] = {
    401: (sent.WWW_AUTHENTICATE,),
    403: (sent.WWW_AUTHENTICATE_AT_TIMES,),
    405: (sent.ALLOW,),
    429: (sent.RETRY_AFTER,),
    503: (sent.RETRY_AFTER,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What decides about header fields. A request for a tenant is counted; below /config/ the platform may call for none."""

    has_caller: bool
    always_has_tenant: bool
    takes_key: bool
    takes_tag: bool

    @classmethod
    def of(cls, path: str, document: JsonObject) -> Self:
        taken = {parameter.get("name") for parameter in document.get("parameters", ()) if parameter.get("in") == "header"}
        has_caller = any("oauth2" in needed for needed in document.get("security", ()))
        return cls(
            has_caller=has_caller,
            always_has_tenant=has_caller and not path.startswith(CONFIG_PREFIX),
            takes_key=IDEMPOTENCY_KEY_REQUIRED.name in taken,
            takes_tag=IF_MATCH.name in taken,
        )

    def answer_headers(self) -> tuple[ResponseHeader, ...]:
        return (sent.CORRELATION_ID, *self._counted(certain=self.always_has_tenant), *self._replayed())

    def problem_headers(self, status: int) -> tuple[ResponseHeader, ...]:
        """An answer of 429 comes from a policy; one of 401 never got to any."""
        certain = status == HTTPStatus.TOO_MANY_REQUESTS or (self.always_has_tenant and status not in _BEFORE_THE_TENANT)
        counted = self._counted(certain=certain) if status != HTTPStatus.UNAUTHORIZED else ()
        replayed = self._replayed() if status in _KEPT_WITH_A_KEY else ()
        tag = (sent.ETAG_AT_TIMES,) if self.takes_tag and status in {412, 428} else ()
        return (sent.CORRELATION_ID, *_OF_STATUS.get(status, ()), *counted, *replayed, *tag)

    def _counted(self, *, certain: bool) -> tuple[ResponseHeader, ...]:
        if not self.has_caller:
            return ()
        return (sent.RATE_LIMIT_POLICY, sent.RATE_LIMIT) if certain else (sent.RATE_LIMIT_POLICY_AT_TIMES, sent.RATE_LIMIT_AT_TIMES)

    def _replayed(self) -> tuple[ResponseHeader, ...]:
        return (sent.IDEMPOTENT_REPLAYED,) if self.takes_key else ()
