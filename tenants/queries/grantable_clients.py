"""Which API client a token with given scopes can be issued for."""

from payment_engine.errors import NotFound
from tenants.context import use
from tenants.models import ApiClient, Tenant
from tenants.scopes import known_scopes


def client_for(*, tenant: str | None, scopes: frozenset[str], client_id: str | None = None) -> ApiClient:
    """The tenant's (None: the platform's) oldest client that has all these scopes; raises NotFound saying what to do."""
    wanted = known_scopes(scopes, platform=tenant is None)
    with use(None):
        if tenant is not None and not Tenant.objects.filter(slug=tenant).exists():
            raise NotFound(f"there is no tenant {tenant}; there are: {', '.join(_slugs()) or 'none'}")
        clients = ApiClient.objects.filter(tenant_id=tenant).order_by("pk")
        if client_id is not None:
            clients = clients.filter(client_id=client_id)
        client: ApiClient
        for client in clients:
            if wanted <= frozenset(client.scopes.split()):
                return client
    whose = f"--tenant {tenant}" if tenant else "--platform"
    asked = " ".join(sorted(wanted)) or "…"
    raise NotFound(f'no API client has these scopes; make one: manage.py create_api_client {whose} --name shell --scope "{asked}"')


def _slugs() -> list[str]:
    return list(Tenant.objects.order_by("slug").values_list("slug", flat=True))
