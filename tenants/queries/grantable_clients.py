"""Which API client a token with given scopes can be issued for."""

from payment_engine.errors import NotFound
from tenants.context import use
from tenants.models import ApiClient
from tenants.scopes import known_scopes


def client_for(*, tenant: str | None, scopes: frozenset[str], client_id: str | None = None) -> ApiClient:
    """The tenant's (None: the platform's) oldest client that has all these scopes; raises NotFound saying what to do."""
    wanted = known_scopes(scopes, platform=tenant is None)
    with use(None):
        clients = ApiClient.objects.filter(tenant_id=tenant).order_by("pk")
        if client_id is not None:
            clients = clients.filter(client_id=client_id)
        client: ApiClient
        for client in clients:
            if wanted <= frozenset(client.scopes.split()):
                return client
    whose = f"--tenant {tenant}" if tenant else "--platform"
    asked = " ".join(sorted(wanted)) or "…"
    if client_id is not None:
        raise NotFound(f"there is no API client {client_id} of this owner that has these scopes")
    raise NotFound(f'no API client has these scopes; make one: manage.py create_api_client {whose} --name shell --scope "{asked}"')
