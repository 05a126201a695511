"""What a caller can be told about tenancy and identity."""

from payment_engine.errors import Conflict, EngineError, NotFound, ValidationFailed


class TenantRequired(EngineError):
    """No tenant in context: reads see nothing and writes are refused."""

    code, status, title = "tenant_required", 403, "Tenant required"


class TenantUnknown(NotFound):
    title = "Tenant unknown"


class TenantMismatch(EngineError):
    """The request names another tenant than the access token is bound to."""

    code, status, title = "tenant_mismatch", 403, "Tenant mismatch"


class TenantSuspended(EngineError):
    """The tenant is suspended: what it has can be read, nothing new is accepted."""

    code, status, title = "tenant_suspended", 403, "Tenant suspended"


class TenantNotActive(EngineError):
    """The tenant is not activated yet, or was decommissioned: nothing of it is served."""

    code, status, title = "tenant_not_active", 403, "Tenant not active"


class TenantExists(Conflict):
    """Another tenant has this id or number; asked for again with equal values, a tenant is simply there."""

    code, title = "tenant_exists", "Tenant exists"


class TenantStatusConflict(Conflict):
    """A tenant goes PENDING_ACTIVATION → ACTIVE ⇄ SUSPENDED → DECOMMISSIONED, and no other way; the detail names what is open to it."""

    code, title = "tenant_status_conflict", "Tenant status conflict"


class TenantNotEmpty(Conflict):
    """The tenant still holds its customers' money, or something is under way: it can't be closed for ever."""

    code, title = "tenant_not_empty", "Tenant not empty"


class TenantAwaitsSchema(Conflict):
    """The tenant was asked for with a schema of its own, which the platform's operators make: manage.py onboard_tenant. Until
    then nothing can be stored for it."""

    code, title = "tenant_awaits_schema", "Tenant awaits its schema"


class TenantNameInvalid(ValidationFailed):
    title = "Tenant name invalid"


class OwnerLoginRequired(Conflict):
    """Asked of a process that runs with the application's login: only the owner of the database makes schemas."""

    code, title = "owner_login_required", "Owner login required"


class OwnerLoginMisused(Conflict):
    """What is asked says something about the application's login only."""

    code, title = "owner_login_misused", "Owner login misused"
