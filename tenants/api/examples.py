"""Examples of the published document: tokens, their keys, and health."""

from typing import Final

from payment_engine.api.json import JsonObject

TOKEN_REQUEST: Final[JsonObject] = {
    "grant_type": "client_credentials",
    "client_id": "demo-bank-backoffice",
    "client_secret": "the-secret-shown-once",
    "scope": "payments:read payments:write",
}
TOKEN_ANSWER: Final[JsonObject] = {
    "access_token": "eyJhbGciOiJSUzI1NiIs…",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "payments:read payments:write",
}
KEYS: Final[JsonObject] = {
    "keys": [
        {
            "kty": "RSA",
            "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "use": "sig",
            "alg": "RS256",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
            "e": "AQAB",
        }
    ]
}
HEALTH: Final[JsonObject] = {
    "status": "UP",
    "components": {"database": "UP", "cache": "UP", "worker": "UP"},
    "tenant": {"tenantId": "demo-bank", "reference": "TIDLT-100008", "status": "ACTIVE"},
}
HEALTH_DOWN: Final[JsonObject] = {"status": "DOWN", "components": {"database": "DOWN", "cache": "UP", "worker": "UP"}}
