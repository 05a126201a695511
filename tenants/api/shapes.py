"""What the endpoints of OAuth2 read and write, as their RFCs name it. Only published: the toolkit reads and writes it."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from payment_engine.api.scopes import SCOPES

_ONE_SCOPE = "|".join(SCOPES)
ScopeText = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^({_ONE_SCOPE})( ({_ONE_SCOPE}))*$"}, description="Scopes with a space between them")
]


class TokenRequest(Struct, frozen=True, kw_only=True):
    """RFC 6749 §4.4.2. A client names itself here or in the Authorization header (Basic). Without `scope` it gets all it may have."""

    grant_type: Literal["client_credentials"]
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET
    scope: ScopeText | UnsetType = UNSET


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """RFC 6749 §5.1. The token is a JWT (RFC 9068): it binds the tenant, and /.well-known/jwks.json has the keys that verify it."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(ge=1, description="Seconds")]
    scope: str


class OAuthError(Struct, frozen=True, kw_only=True):
    """RFC 6749 §5.2."""

    error: Literal[
        "invalid_request", "invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type", "temporarily_unavailable"
    ]
    error_description: str | UnsetType = UNSET


class JsonWebKey(Struct, frozen=True, kw_only=True):
    """RFC 7517: a public key, and what for."""

    kty: Literal["RSA"]
    kid: str
    use: Literal["sig"]
    alg: Literal["RS256", "PS256"]
    modulus: str = field(name="n")
    exponent: str = field(name="e")


class JsonWebKeySet(Struct, frozen=True, kw_only=True):
    keys: list[JsonWebKey]


class ServerMetadata(Struct, frozen=True, kw_only=True):
    """RFC 8414."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
