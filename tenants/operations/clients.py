"""API clients: making them, and taking back what they were given."""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from payment_engine.clock import now
from payment_engine.errors import FieldError, NotFound, ValidationFailed
from payment_engine.ids import new_id, public_id
from tenants.context import use
from tenants.errors import TenantUnknown
from tenants.models import ApiClient, Tenant
from tenants.queries import client_standing
from tenants.scopes import known_scopes

_NAME_LENGTH: Final = 255
_PERSON_LENGTH: Final = 150
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """Shown once: only a hash of the secret is stored."""

    client_id: str
    client_secret: str = field(repr=False)


def create_api_client(*, tenant: str | None, name: str, scopes: Iterable[str], person: str = "") -> ClientCredentials:
    """A client of this tenant (its slug), or of the platform when `tenant` is None; `person` is the user name of who answers for it."""
    wanted = check_api_client(name=name, scopes=scopes, person=person, platform=tenant is None)
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


def check_api_client(*, name: str, scopes: Iterable[str], person: str, platform: bool) -> frozenset[str]:
    """The scopes as a set. Raises ValidationFailed for what no API client can be."""
    wanted = known_scopes(scopes, platform=platform)
    errors = []
    if not 0 < len(name.strip()) <= _NAME_LENGTH:
        errors.append(
            FieldError(pointer="/name", code="name_invalid", detail=f"an API client has a name of at most {_NAME_LENGTH} characters")
        )
    if len(person.strip()) > _PERSON_LENGTH:
        errors.append(FieldError(pointer="/person", code="name_invalid", detail=f"a user name has at most {_PERSON_LENGTH} characters"))
    if not wanted:
        errors.append(FieldError(pointer="/scopes", code="required", detail="an API client has at least one scope"))
    if errors:
        raise ValidationFailed("; ".join(error.detail for error in errors), errors=errors)
    return wanted


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
