"""API clients. Their secrets are shown once, in the answer to the request that made them, and stored nowhere readable."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from payment_engine.api.scopes import SCOPES
from tenants.models import ApiClient, SigningKey, Tenant
from tenants.operations.clients import ClientCredentials, create_api_client, delete_api_client, renew_client_secret, withdraw_tokens
from tenants.portal.buttons import Kind, button
from tenants.portal.cells import moment
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import HiddenModelAdmin, OwnerFilter, RegistryModelAdmin

__all__ = ["ApiClientAdmin", "HiddenModelAdmin", "SigningKeyAdmin"]
_SCOPE_CHOICES: Final = [(scope, f"{scope}: {meaning}") for scope, meaning in SCOPES.items()]


class NewClientForm(OperationForm):
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"), required=False, empty_label="None: the platform", widget=UnfoldAdminSelectWidget()
    )
    name = forms.CharField(max_length=255, widget=UnfoldAdminTextInputWidget(), help_text="What will use it")
    person = forms.CharField(
        max_length=150,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="User name of who answers for it: nobody approves what they asked for themselves",
    )
    scopes = forms.MultipleChoiceField(choices=_SCOPE_CHOICES, widget=UnfoldAdminCheckboxSelectMultipleWidget())


class ApiClientAdmin(RegistryModelAdmin[ApiClient]):
    """Registered by django-oauth-toolkit, which takes the class from the setting APPLICATION_ADMIN_CLASS."""

    list_display = ("name", "client_id", "tenant", "scopes", "created_at")
    list_filter = (OwnerFilter,)
    list_select_related = ("tenant",)
    search_fields = ("name", "client_id")
    ordering = ("-pk",)
    fields = ("name", "client_id", "tenant", "person", "scopes", "created_at", "valid_from")
    readonly_fields = ("created_at", "valid_from")
    actions_detail = ("renew_secret", "withdraw", "remove")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def name_in_log(self, obj: ApiClient) -> str:
        return str(obj.client_id)

    @admin.display(description="Created")
    def created_at(self, client: ApiClient) -> str:
        return moment(client.created)

    @admin.display(description="Tokens refused if issued before")
    def valid_from(self, client: ApiClient) -> str:
        return moment(client.tokens_valid_from)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            tenant: Tenant | None = values["tenant"]
            owner = tenant.slug if tenant else None
            credentials = create_api_client(tenant=owner, name=values["name"], scopes=values["scopes"], person=values["person"])
            client = ApiClient.objects.get(client_id=credentials.client_id)
            self.log_addition(request, client, "Created.")
            return self._show(request, client, credentials)

        form = NewClientForm(request.POST or None)
        return operation_page(request, self, form=form, title="Add API client", button="Create client", run=run)

    @button("New secret", icon="key", kind=Kind.WARNING)
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        client = self._client(request, object_id)

        def run(_values: dict[str, Any]) -> HttpResponse:
            credentials = renew_client_secret(client_id=client.client_id)
            self.log_change(request, client, "Secret renewed.")
            return self._show(request, client, credentials)

        return self._confirm(request, client, "New secret", "The old secret stops working at once. Tokens issued so far live on.", run)

    @button("Withdraw tokens", icon="key_off", kind=Kind.WARNING)
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        client = self._client(request, object_id)

        def run(_values: dict[str, Any]) -> HttpResponse:
            withdraw_tokens(client_id=client.client_id)
            self.log_change(request, client, "Tokens withdrawn.")
            return done(request, "Every token issued so far is refused within five seconds.", self.change_url(client))

        return self._confirm(request, client, "Withdraw tokens", "Every access token issued to this client so far is refused.", run)

    @button("Delete", icon="delete", kind=Kind.DANGER)
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        client = self._client(request, object_id)

        def run(_values: dict[str, Any]) -> HttpResponse:
            self.log_change(request, client, "Deleted.")
            delete_api_client(client_id=client.client_id)
            return done(request, "The API client is deleted.", self.changelist_url)

        return self._confirm(request, client, "Delete", "It gets no more tokens and those it has are refused. Its payments stay.", run)

    def _client(self, request: HttpRequest, object_id: str) -> ApiClient:
        client: ApiClient | None = self.get_object(request, object_id)
        if client is None:
            raise Http404
        return client

    def _confirm(self, request: HttpRequest, client: ApiClient, title: str, explanation: str, run: Any) -> HttpResponse:  # noqa: ANN401
        form = OperationForm(request.POST or None)
        return operation_page(
            request,
            self,
            form=form,
            title=title,
            button=title,
            run=run,
            record=client,
            explanation=explanation,
            dangerous=title == "Delete",
        )

    def _show(self, request: HttpRequest, client: ApiClient, credentials: ClientCredentials) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": client,
            "title": "Client secret",
            "credentials": credentials,
            "token_url": request.build_absolute_uri(reverse("token")),
            "back": self.change_url(client),
        }
        return TemplateResponse(request, "portal/secret.html", context, headers={"Cache-Control": "no-store"})


@admin.register(SigningKey)
class SigningKeyAdmin(RegistryModelAdmin[SigningKey]):
    """Which keys there are; rotated by manage.py rotate_signing_key."""

    list_display = ("kid", "created", "retired")
    ordering = ("-created_at",)
    fields = ("kid", "public_key", "created", "retired")
    readonly_fields = ("created", "retired")

    @admin.display(description="Created")
    def created(self, key: SigningKey) -> str:
        return moment(key.created_at)

    @admin.display(description="Retired")
    def retired(self, key: SigningKey) -> str:
        return moment(key.retired_at)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False
