"""What tiers give their tenants, now and before. Of the platform, so no tenant is in context."""

from dataclasses import dataclass

from django.db.models import Max, QuerySet

from config_mgmt.errors import VersionUnknown
from tenants.models import TierChange, TierDefault


@dataclass(frozen=True, slots=True, kw_only=True)
class TierDefaults:
    """All defaults of a tier, by kind and key. `version` is that of the newest change, 0 for a tier nobody has changed."""

    tier: str
    version: int
    rows: list[TierDefault]


def tier_defaults(tier: str) -> TierDefaults:
    version = tier_history(tier).aggregate(latest=Max("version"))["latest"] or 0
    return TierDefaults(tier=tier, version=version, rows=list(TierDefault.objects.filter(tier=tier).order_by("kind", "key")))


def tier_history(tier: str) -> QuerySet[TierChange]:
    """Every version of the tier's defaults; to be cut into pages by version."""
    return TierChange.objects.filter(tier=tier)


def tier_version(tier: str, number: int) -> TierChange:
    """Raises VersionUnknown."""
    found = tier_history(tier).filter(version=number).first()
    if found is None:
        raise VersionUnknown(f"the defaults of {tier} have no version {number}")
    return found
