"""django-oauth-toolkit, narrowed to what we offer: confidential clients and the client credentials grant (RFC 6749 §4.4)."""

import re
from typing import Final

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from tenants.hashers import ClientSecretHasher
from tenants.models import ApiClient, Tenant
from tenants.tokens import issue_access_token

_OPEN: Final = frozenset({Tenant.Status.ACTIVE, Tenant.Status.SUSPENDED})
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,255}")


def access_token_generator(request: Request) -> str:
    """The setting ACCESS_TOKEN_GENERATOR: oauthlib calls it once the client is authenticated and the scopes are granted."""
    client: ApiClient = request.client
    return issue_access_token(
        client_id=client.client_id, tenant=client.tenant_id, scopes=request.scopes, lifetime_seconds=request.expires_in
    )


class EngineOAuth2Validator(OAuth2Validator):  # type: ignore[misc]  # django-oauth-toolkit ships no types
    """A client is usable while it is confidential, for this grant, and its tenant is open (or it has none).

    A suspended tenant's clients get tokens too: it may read, and the middleware refuses everything else.
    """

    def authenticate_client(self, request: Request) -> bool:
        """HTTP Basic when an Authorization header is there, else the form. Never both (RFC 6749 §2.3), and never two clients."""
        if "HTTP_AUTHORIZATION" in request.headers:
            is_known = not getattr(request, "client_secret", None) and bool(self._authenticate_basic_auth(request))
            return is_known and (request.client_id or request.client.client_id) == request.client.client_id
        return bool(self._authenticate_request_body(request))

    def validate_grant_type(self, client_id: str, grant_type: str, client: ApiClient, request: Request) -> bool:
        return grant_type == "client_credentials" and client.allows_grant_type(ApiClient.GRANT_CLIENT_CREDENTIALS)

    def validate_scopes(self, client_id: str, scopes: list[str], client: ApiClient, request: Request) -> bool:
        return bool(scopes) and set(scopes) <= set(client.scopes.split())

    def get_default_scopes(self, client_id: str, request: Request) -> list[str]:
        return str(request.client.scopes).split()

    def _load_application(self, client_id: str, request: Request) -> ApiClient | None:
        request.client = None
        if not isinstance(client_id, str) or _CLIENT_ID.fullmatch(client_id) is None:
            return None
        client: ApiClient | None = ApiClient.objects.select_related("tenant").filter(client_id=client_id).first()
        if client is None or not _is_usable(client):
            return None
        request.client = client
        return client

    def _extract_basic_auth(self, request: Request) -> str | None:
        """Base64 of ASCII only: anything else would make the toolkit's decoder raise instead of refuse."""
        scheme, _, credentials = str(request.headers.get("HTTP_AUTHORIZATION", "")).partition(" ")
        return credentials.strip() if scheme.lower() == "basic" and credentials.isascii() else None

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Only our own hash counts: the toolkit would also compare secrets that were stored in the clear."""
        hasher = ClientSecretHasher()
        return stored_secret.startswith(f"{hasher.algorithm}$") and hasher.verify(provided_secret, stored_secret)


def _is_usable(client: ApiClient) -> bool:
    tenant = client.tenant
    return client.client_type == ApiClient.CLIENT_CONFIDENTIAL and (tenant is None or tenant.status in _OPEN)
