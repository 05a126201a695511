"""Versions of payment types, of the tenant in context."""

from django.db.models import Case, IntegerField, QuerySet, Value, When

from payments.errors import NoSuchPaymentType, PaymentTypeVersionUnknown
from payments.models import PaymentType
from tenants.context import current_tenant_id

_Status = PaymentType.Status
_STANDING = Case(
    When(status=_Status.ACTIVE, then=Value(0)), When(status=_Status.RETIRED, then=Value(1)), default=Value(2), output_field=IntegerField()
)


def versions_of(code: str) -> QuerySet[PaymentType]:
    return PaymentType.objects.filter(tenant_id=current_tenant_id(), code=code)


def deciding_versions() -> QuerySet[PaymentType]:
    """Of each code the version in force, else the latest that was: what decides payments, or refuses them as inactive."""
    return _standing_first(PaymentType.objects.filter(tenant_id=current_tenant_id()).exclude(status=_Status.DRAFT))


def shown_versions() -> QuerySet[PaymentType]:
    """Of each code the version that stands for it: in force, else the latest that was, else the draft. Unordered, to be paged."""
    chosen = _standing_first(PaymentType.objects.filter(tenant_id=current_tenant_id())).values("id")
    return PaymentType.objects.filter(tenant_id=current_tenant_id(), id__in=chosen)


def shown_among(rows: QuerySet[PaymentType]) -> QuerySet[PaymentType]:
    """Of these versions, of whichever tenants, those that stand for their code. To filter by; unordered."""
    standing = PaymentType.objects.order_by("tenant_id", "code", _STANDING, "-version").distinct("tenant_id", "code")
    return rows.filter(id__in=standing.values("id"))


def shown_version(code: str) -> PaymentType:
    """Raises NoSuchPaymentType."""
    found = _standing_first(versions_of(code)).first()
    if found is None:
        raise NoSuchPaymentType("this tenant has no such payment type")
    return found


def version_in_force(code: str) -> PaymentType | None:
    return versions_of(code).filter(status=_Status.ACTIVE).first()


def draft_of(code: str) -> PaymentType | None:
    return versions_of(code).filter(status=_Status.DRAFT).first()


def version_of(code: str, version: int) -> PaymentType:
    """Raises PaymentTypeVersionUnknown."""
    found = versions_of(code).filter(version=version).first()
    if found is None:
        raise PaymentTypeVersionUnknown(f"{code} has no version {version}")
    return found


def version_before(row: PaymentType) -> PaymentType:
    """The version of the same code with the next lower number; the first has none before it: PaymentTypeVersionUnknown."""
    found = versions_of(row.code).filter(version__lt=row.version).order_by("-version").first()
    if found is None:
        raise PaymentTypeVersionUnknown(f"{row.code} has no version before {row.version}")
    return found


def _standing_first(rows: QuerySet[PaymentType]) -> QuerySet[PaymentType]:
    return rows.order_by("code", _STANDING, "-version").distinct("code")
