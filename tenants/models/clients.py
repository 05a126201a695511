"""API clients (OAuth2) and the keys their access tokens are signed with."""

from django.db import models
from oauth2_provider.models import AbstractApplication

from tenants.models.tenants import Tenant


class ApiClient(AbstractApplication):  # type: ignore[misc]  # django-oauth-toolkit ships no types
    """An OAuth2 client of one tenant, or of the platform when `tenant` is null. Only client credentials are granted."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="api_clients")
    scopes = models.TextField(default="", help_text="Scopes the client may ask for, separated by spaces")
    person = models.CharField(
        max_length=150,
        default="",
        blank=True,
        help_text="User name of the person who answers for this client: nobody approves what they proposed",
    )
    tokens_valid_from = models.DateTimeField(null=True, blank=True, help_text="Access tokens issued before this are refused")

    class Meta(AbstractApplication.Meta):  # type: ignore[misc]  # of an untyped package
        db_table = "api_clients"
        abstract = False
        swappable = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.client_id})"


class SigningKey(models.Model):
    """An RSA key pair for access tokens. The newest that is not retired signs; every one not yet expired verifies.

    `private_key` is the PEM encrypted with a key derived from DJANGO_SECRET_KEY; `public_key` is the PEM as it is.
    """

    kid = models.CharField(max_length=64, primary_key=True)
    private_key = models.TextField()
    public_key = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Signs no more; verifies until its tokens have expired")

    class Meta:
        db_table = "signing_keys"

    def __str__(self) -> str:
        return self.kid
