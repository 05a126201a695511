"""What the rules read of a tenant's configuration, per process, at most one second old; reading it costs no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from accounts.operations.shared_accounts import ensure_shared_account
from accounts.queries.shared_accounts import shared_account_ids
from config_mgmt.settings_values import setting_values
from config_mgmt.snapshots import SnapshotCache
from payments.definitions import fee_schedule_of, velocity_limits_of
from payments.models import PaymentType
from payments.queries.calendars import value_date_rule
from payments.queries.payment_types import deciding_versions, version_of
from payments.routes import USUAL_RETRIES, RetryPolicy, Route
from payments.terms import PaymentTerms
from payments.value_dates import EVERY_DAY_IN_UTC, ValueDateRule
from tenants import registry
from tenants.context import current_tenant_id

_TENANTS_OWN: Final = ("payment.max_daily_limit", "payment.rails_out_of_service")
"""Settings that go with every payment type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`version` is the tenant's configuration revision: it grows with every change of what is configuration."""

    version: int
    terms: Mapping[str, PaymentTerms]
    fee_accounts: dict[str, UUID]
    clearing_accounts: dict[str, UUID]


def current_snapshot() -> Snapshot:
    """The snapshot of the tenant in context."""
    return _snapshots.current()


def fee_account(snapshot: Snapshot, currency: str) -> UUID:
    """The tenant's fee account in the currency, opened at the first fee ever taken in it."""
    return _shared_account(snapshot.fee_accounts, "FEE", currency)


def clearing_account(snapshot: Snapshot, currency: str) -> UUID:
    """Where money stands that left over a rail until the rail settles it, opened at the first payment out in the currency."""
    return _shared_account(snapshot.clearing_accounts, "CLEARING", currency)


def _shared_account(known: dict[str, UUID], role: str, currency: str) -> UUID:
    found = known.get(currency)
    if found is None:
        found = ensure_shared_account(role=role, currency=currency)
        if not connection.in_atomic_block:  # what is not committed may vanish, and other threads can't see it
            known[currency] = found
    return found


def terms_of(row: PaymentType) -> PaymentTerms:
    """A version as the rules read it, with the calendar and the tenant's own cap that go with it now."""
    return _terms(row, setting_values(*_TENANTS_OWN))


def _terms(row: PaymentType, tenants_own: tuple[Any, ...]) -> PaymentTerms:
    max_daily_limit, rails_out_of_service = tenants_own
    return PaymentTerms(
        code=row.code,
        version=row.version,
        active=row.status == PaymentType.Status.ACTIVE,
        currencies=frozenset(row.currencies),
        min_amount=row.min_amount,
        max_amount=row.max_amount,
        daily_limit=row.daily_limit,
        velocity_limits=velocity_limits_of(row),
        max_daily_limit=max_daily_limit,
        processing_fee=row.processing_fee,
        fee_schedule=fee_schedule_of(row),
        approval_threshold=row.approval_threshold,
        synchronous=row.is_synchronous,
        route=_route(row, frozenset(rails_out_of_service)),
        value_date_rule=_value_date_rule(row),
    )


def terms_of_version(code: str, version: int) -> PaymentTerms:
    """The terms under which a payment was taken, whatever became of that version; raises PaymentTypeVersionUnknown."""
    known = current_snapshot().terms.get(code)
    return known if known is not None and known.version == version else terms_of(version_of(code, version))


def _route(row: PaymentType, out_of_service: frozenset[str]) -> Route:
    retries = USUAL_RETRIES if row.retry_policy is None else msgspec.convert(row.retry_policy, RetryPolicy)
    return Route(rails=(row.rail, *row.rail_fallbacks), retries=retries, out_of_service=out_of_service)


def _value_date_rule(row: PaymentType) -> ValueDateRule:
    if row.cut_off_time is None and not row.time_zone and not row.calendar:
        return EVERY_DAY_IN_UTC
    return value_date_rule(cut_off=row.cut_off_time, time_zone=row.time_zone, calendar=row.calendar)


def _load(revision: int) -> Snapshot:
    if registry.tenant_by_slug(current_tenant_id()).config_revision < revision:
        registry.forget()  # so that settings and calendars, which have snapshots of their own, are read at this revision too
    tenants_own = setting_values(*_TENANTS_OWN)
    terms = {row.code: _terms(row, tenants_own) for row in deciding_versions()}
    return Snapshot(version=revision, terms=terms, fee_accounts=shared_account_ids("FEE"), clearing_accounts=shared_account_ids("CLEARING"))


_snapshots: Final = SnapshotCache(_load)
