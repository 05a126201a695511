"""Who calls: an API client, its tenant (None: the platform) and what it may do now."""

from msgspec import Struct

from payment_engine.api.scopes import PLATFORM_ADMIN
from tenants.queries.client_standing import client_standing
from tenants.tokens import refused, verify_access_token


class Principal(Struct, frozen=True, kw_only=True):
    client_id: str
    tenant: str | None
    scopes: frozenset[str]
    person: str

    @property
    def is_platform(self) -> bool:
        return self.tenant is None

    @property
    def is_answered_for(self) -> bool:
        """Whether the client names a person; one that does not is its own."""
        return self.person != self.client_id

    @property
    def is_authenticated(self) -> bool:
        """Django REST framework asks its `request.user` this."""
        return True

    @property
    def acts_for_tenants(self) -> bool:
        """Whether this caller may name the tenant it acts for."""
        return self.tenant is None and PLATFORM_ADMIN in self.scopes


def authenticate(token: str) -> Principal:
    """The caller behind an access token; raises NotAuthenticated.

    A client that was deleted, moved or had its tokens withdrawn is refused within five seconds, and a scope taken away
    from a client is gone from its tokens in the same time.
    """
    claims = verify_access_token(token)
    standing = client_standing(claims.client_id)
    if standing is None or standing.tenant != claims.tenant or claims.issued_at < standing.tokens_valid_from:
        raise refused("the access token was withdrawn")
    return Principal(client_id=claims.client_id, tenant=claims.tenant, scopes=claims.scopes & standing.scopes, person=standing.person)
