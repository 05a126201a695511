"""drf-spectacular's settings; read by payment_engine.settings, so nothing here may import models."""

from typing import Any, Final

SPECTACULAR_SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "Payment Engine API",
    "VERSION": "1.0.0",
    "DESCRIPTION": (
        "Multi-tenant payments: accounts, a double-entry ledger, ISO 20022 messages.\n\n"
        "Money is a decimal string with an ISO 4217 code. Errors are problems (RFC 9457); their codes are explained at `/api/v1/problems`. "
        "`X-Correlation-ID` (1 to 128 letters, digits and `. _ : -`) is accepted and returned on every answer; any other is replaced."
    ),
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayRequestDuration": True},
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "payment_engine.api.openapi.add_declared_operations"],
}
