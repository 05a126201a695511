"""What a caller can be told about tenancy and identity."""

from payment_engine.errors import Conflict, EngineError, NotFound, ValidationFailed


class TenantRequired(EngineError):
    """No tenant in context: reads see nothing and writes are refused."""

    code, status, title = "tenant_required", 403, "Tenant required"


class TenantUnknown(NotFound):
    title = "Tenant unknown"


class TenantMismatch(EngineError):
    code, status, title = "tenant_mismatch", 403, "Tenant mismatch"


class TenantSuspended(EngineError):
    code, status, title = "tenant_suspended", 403, "Tenant suspended"


class NotAuthenticated(EngineError):
    code, status, title = "not_authenticated", 401, "Not authenticated"


class NotAuthorised(EngineError):
    code, status, title = "not_authorised", 403, "Not authorised"


class TenantExists(Conflict):
    code, title = "tenant_exists", "Tenant exists"


class TenantNameInvalid(ValidationFailed):
    title = "Tenant name invalid"
