import json
from typing import Any, Final

from django.core.management.base import CommandParser

from accounts.models import Account, Customer
from config_mgmt.models import TenantChange
from config_mgmt.queries.tenants import features_of
from payment_engine.onboarding.console import named_tenant
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples
from tenants.context import tenant_scope
from tenants.models import ApiClient, StaffUser, Tenant
from tenants.profiles import POINTERS

_CHANGES: Final = 10


class Command(EngineCommand):
    help = "One tenant: what it is, what it has, and what happened to it last."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help=TENANT_HELP)
        parser.add_argument("--json", action="store_true", help="one JSON object")
        give_examples(
            parser,
            "tenant_show demo-bank",
            "tenant_show TIDLT-100002 --json",
        )

    def handle(self, *, tenant: str, **options: Any) -> None:  # noqa: ANN401
        shown = _facts(named_tenant(tenant))
        if options["json"]:
            self.stdout.write(json.dumps(shown, indent=1))
            return
        history = shown.pop("history")
        for name, value in shown.items():
            self.stdout.write(f"{name:<17} {_text(value)}")
        self.stdout.write("history")
        for change in history:
            self.stdout.write(f"  {change['at']}  {change['what']:<14} {change['by']}{': ' + change['reason'] if change['reason'] else ''}")


def _facts(tenant: Tenant) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "tenantId": tenant.slug,
        "reference": tenant.reference,
        "tenantName": tenant.name,
        "tenantType": tenant.tenant_type,
        "subscriptionTier": tenant.tier,
        "status": tenant.status,
        "isolation": f"{tenant.isolation}, schema {'not made yet' if tenant.awaits_schema else tenant.schema}",
        **{pointer.rpartition("/")[2]: value for name, pointer in POINTERS.items() if (value := getattr(tenant, name))},
        "features": features_of(tenant),
        "apiClients": ApiClient.objects.filter(tenant=tenant).count(),
        "people": StaffUser.objects.filter(tenant=tenant).count(),
    }
    with tenant_scope(tenant):
        changes = TenantChange.objects.order_by("-created_at", "-id")[:_CHANGES]
        history = [{"at": _second(each), "what": each.kind, "by": each.changed_by, "reason": each.reason} for each in changes]
        return {**facts, "customers": Customer.objects.count(), "accounts": Account.objects.count(), "history": history}


def _second(change: TenantChange) -> str:
    return change.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {'on' if enabled else 'off'}" for key, enabled in value.items()) or "-"
    return str(value)
