"""/config/tenants/{id}/config/export, /import and /validate: a whole configuration as one document."""

from hashlib import sha256
from typing import Final

from django.http import HttpRequest, HttpResponse

from config_mgmt.api.settings import authority_of
from config_mgmt.api.shapes_settings import (
    ConfigurationInput,
    ConfigurationOutput,
    VerdictsOutput,
    content_of,
    item_output,
    verdicts_output,
)
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from config_mgmt.errors import ImportRefused
from config_mgmt.operations.transfer import export_configuration, import_configuration, try_import
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, endpoint, operation
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.response_headers import ETAG
from payment_engine.errors import FieldError
from tenants.registry import TenantRecord

TAG: Final = "Configuration as a document"
IMPORT_LIMIT_BYTES: Final = 16 << 20
_PATH: Final = {"tenant_id": TENANT_ID}


@operation(
    operation_id="exportConfiguration",
    summary="Export the tenant's configuration",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    answers={200: ConfigurationOutput},
    sends={200: (ETAG,)},
)
def get_export(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """The backup: settings, feature flags and rate limits of the tenant's own that are in force. Payment types have their own list."""
    with addressed_tenant(request, tenant_id) as tenant:
        output = ConfigurationOutput(tenant_id=tenant.slug, items=[item_output(item) for item in export_configuration()])
    return json_response(output, headers={"ETag": f'"{sha256(content_of(output)).hexdigest()[:32]}"'})


@operation(
    operation_id="importConfiguration",
    summary="Import a configuration",
    tag=TAG,
    scopes=("config:write",),
    path=_PATH,
    body=ConfigurationInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL,),
    answers={200: VerdictsOutput},
)
def post_import(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """All of it or nothing: 422 names every item that can't be. What is equal already stays; what the document leaves out
    stays too. Settings that need another person's approval become proposals."""
    body = decode_body(request, ConfigurationInput, limit_bytes=IMPORT_LIMIT_BYTES)
    items = [item.as_item() for item in body.items]

    def carry_out() -> Answer:
        verdicts = import_configuration(items=items, actor=actor_of(request), authority=authority_of(request), reason=body.reason)
        return json_answer(verdicts_output(verdicts))

    with addressed_tenant(request, tenant_id) as tenant:
        _check_addressee(body, tenant)
        return answered_once(request, body, carry_out)


@operation(
    operation_id="validateConfiguration",
    summary="Try an import",
    tag=TAG,
    scopes=("config:write",),
    path=_PATH,
    body=ConfigurationInput,
    answers={200: VerdictsOutput},
)
def post_validation(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """What an import of this document would do with each item, and what is wrong with it. Nothing is stored."""
    body = decode_body(request, ConfigurationInput, limit_bytes=IMPORT_LIMIT_BYTES)
    with addressed_tenant(request, tenant_id) as tenant:
        _check_addressee(body, tenant)
        verdicts = try_import(items=[item.as_item() for item in body.items], actor=actor_of(request), authority=authority_of(request))
    return json_response(verdicts_output(verdicts))


def _check_addressee(body: ConfigurationInput, tenant: TenantRecord) -> None:
    if body.tenant_id is not None and body.tenant_id not in {tenant.slug, tenant.reference}:
        detail = "this was exported from another tenant; leave tenantId out to copy it"
        raise ImportRefused(detail, errors=[FieldError(pointer="/tenantId", code=ImportRefused.code, detail=detail)])


configuration_export = endpoint(GET=get_export)
configuration_import = endpoint(POST=post_import)
configuration_validation = endpoint(POST=post_validation)
