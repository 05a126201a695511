"""API clients: making them, and taking back what they were given."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from payment_engine.clock import now
from payment_engine.errors import NotFound, ValidationFailed
from payment_engine.ids import new_id, public_id
from tenants.context import use
from tenants.errors import TenantUnknown
from tenants.models import ApiClient, Tenant
from tenants.queries import client_standing
from tenants.scopes import known_scopes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """Shown once: only a hash of the secret is stored."""

    client_id: str
    client_secret: str = field(repr=False)


def create_api_client(*, tenant: str | None, name: str, scopes: Iterable[str], person: str = "") -> ClientCredentials:
    """A client of this tenant (its slug), or of the platform when `tenant` is None; `person` is the user name of who answers for it."""
    wanted = known_scopes(scopes, platform=tenant is None)
    if not name.strip() or not wanted:
        raise ValidationFailed("an API client needs a name and at least one scope")
    credentials = ClientCredentials(client_id=public_id("cli", new_id()), client_secret=secrets.token_urlsafe(48))
    with use(None), transaction.atomic():
        ApiClient.objects.create(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            name=name.strip(),
            tenant=_tenant(tenant),
            scopes=" ".join(sorted(wanted)),
            person=person.strip(),
            client_type=ApiClient.CLIENT_CONFIDENTIAL,
            authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        )
    _log.info("API client created", extra={"client_id": credentials.client_id, "client_tenant": tenant, "scopes": sorted(wanted)})
    return credentials


def renew_client_secret(*, client_id: str) -> ClientCredentials:
    """A new secret; the old one stops working at once, tokens already issued live on (see withdraw_tokens)."""
    credentials = ClientCredentials(client_id=client_id, client_secret=secrets.token_urlsafe(48))
    with use(None), transaction.atomic():
        client = _locked(client_id)
        client.client_secret = credentials.client_secret
        client.save(update_fields=["client_secret", "updated"])
    _log.warning("secret of API client renewed", extra={"client_id": client_id})
    return credentials


def withdraw_tokens(*, client_id: str) -> None:
    """Refuse every token issued to this client so far, in every process within five seconds."""
    with use(None), transaction.atomic():
        client = _locked(client_id)
        client.tokens_valid_from = now()
        client.save(update_fields=["tokens_valid_from", "updated"])
    client_standing.forget()
    _log.warning("tokens of API client withdrawn", extra={"client_id": client_id})


def delete_api_client(*, client_id: str) -> None:
    """Its tokens are refused within five seconds; the payments it made stay as they are."""
    with use(None), transaction.atomic():
        _locked(client_id).delete()
    client_standing.forget()
    _log.warning("API client deleted", extra={"client_id": client_id})


def _tenant(slug: str | None) -> Tenant | None:
    if slug is None:
        return None
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist:
        raise TenantUnknown("there is no such tenant") from None


def _locked(client_id: str) -> ApiClient:
    client: ApiClient | None = ApiClient.objects.select_for_update(of=("self",)).filter(client_id=client_id).first()
    if client is None:
        raise NotFound("there is no such API client")
    return client
