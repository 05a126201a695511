from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiClient, Tenant
from tenants.operations.clients import ClientCredentials, create_api_client
from tenants.operations.onboarding import create_tenant
from tenants.principal import authenticate
from tenants.tokens import verify_access_token

from .conftest import post_token

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.identity.urls")]


def test_issue_token_prints_the_token_and_nothing_else(client_a: ClientCredentials, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_token", "--tenant", "alpha-bank", "--scope", "payments:write payments:read")
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    principal = authenticate(output.strip())
    assert (principal.tenant, principal.client_id) == ("alpha-bank", client_a.client_id)
    assert principal.scopes == {"payments:write", "payments:read"}


@pytest.mark.parametrize("scope", ["", " "])
def test_an_empty_list_of_scopes_is_not_all_of_them(client_a: ClientCredentials, scope: str) -> None:
    with pytest.raises(CommandError, match="at least one scope"):
        call_command("issue_token", "--tenant", "alpha-bank", "--scope", scope)


def test_issue_token_takes_the_first_client_that_has_the_scopes(tenant_a: Any, capsys: pytest.CaptureFixture[str]) -> None:
    create_api_client(tenant="alpha-bank", name="Maker", scopes=["payments:write"])
    approver = create_api_client(tenant="alpha-bank", name="Approver", scopes=["payments:approve"])
    call_command("issue_token", "--tenant", "alpha-bank", "--scope", "payments:approve")
    assert verify_access_token(capsys.readouterr().out.strip()).client_id == approver.client_id


def test_issue_token_for_the_platform_and_a_lifetime(platform_client: ClientCredentials, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_token", "--platform", "--scope", "platform:admin", "--ttl", "30")
    claims = verify_access_token(capsys.readouterr().out.strip())
    assert (claims.tenant, claims.client_id) == (None, platform_client.client_id)
    assert claims.expires_at - claims.issued_at == 30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tenant", "no-such-bank"], "no such tenant: no-such-bank"),
        (["--tenant", "alpha-bank", "--scope", "payments:fly"], "not a scope"),
        (["--tenant", "alpha-bank", "--scope", "platform:admin"], "not a scope"),
        (["--tenant", "beta-bank"], "create_api_client --tenant beta-bank"),
        (["--platform"], "create_api_client --platform"),
        (["--tenant", "alpha-bank", "--client", "cli_nobody"], "no API client"),
        (["--tenant", "alpha-bank", "--ttl", "0"], "--ttl"),
        (["--tenant", "alpha-bank", "--ttl", "86401"], "--ttl"),
        ([], "required"),
        (["--tenant", "alpha-bank", "--platform"], "not allowed"),
    ],
)
def test_issue_token_says_what_is_wrong(client_a: ClientCredentials, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("issue_token", *arguments)


def test_issue_token_refuses_a_tenant_that_is_closed(client_a: ClientCredentials, capsys: pytest.CaptureFixture[str]) -> None:
    for status in ("SUSPENDED", "DECOMMISSIONED"):
        Tenant.objects.filter(slug="alpha-bank").update(status=status)
    with pytest.raises(CommandError, match="alpha-bank is DECOMMISSIONED"):
        call_command("issue_token", "--tenant", "alpha-bank")
    assert capsys.readouterr().out == ""


def _issued(slug: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said beside the token."""
    capsys.readouterr()
    call_command("issue_token", "--tenant", slug)
    output = capsys.readouterr()
    assert verify_access_token(output.out.strip()).tenant == slug
    return output.err


def test_issue_token_says_beside_the_token_what_a_suspended_tenant_may_not(
    client_a: ClientCredentials, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _issued("alpha-bank", capsys) == ""
    Tenant.objects.filter(slug="alpha-bank").update(status="SUSPENDED")
    words = "alpha-bank is SUSPENDED: calls that change something are refused until manage.py tenant_resume alpha-bank\n"
    assert _issued("alpha-bank", capsys) == words


def test_issue_token_says_beside_the_token_that_a_tenant_does_not_work_yet(tenant_a: Any, capsys: pytest.CaptureFixture[str]) -> None:
    create_tenant(slug="new-bank", name="New Bank", status=Tenant.Status.PENDING_ACTIVATION)
    create_api_client(tenant="new-bank", name="Shop", scopes=["payments:read"])
    words = "new-bank is PENDING_ACTIVATION: every call is refused until manage.py tenant_resume new-bank\n"
    assert _issued("new-bank", capsys) == words


def test_create_api_client_prints_credentials_that_work(tenant_a: Any, client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_client", "--tenant", "alpha-bank", "--name", "Shop", "--scope", "payments:read")
    printed = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert post_token(client, ClientCredentials(**printed)).json()["scope"] == "payments:read"


def test_both_commands_take_a_tenant_s_number(tenant_a: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_client", "--tenant", tenant_a.reference, "--name", "Shop", "--scope", "payments:read")
    capsys.readouterr()
    call_command("issue_token", "--tenant", tenant_a.reference)
    assert verify_access_token(capsys.readouterr().out.strip()).tenant == "alpha-bank"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tenant", "no-such-bank", "--name", "x", "--scope", "payments:read"], "no such tenant"),
        (["--tenant", "alpha-bank", "--name", "x", "--scope", "platform:admin"], "not a scope"),
        (["--tenant", "alpha-bank", "--name", "x", "--scope", " "], "at least one scope"),
        (["--tenant", "alpha-bank", "--name", " ", "--scope", "payments:read"], "name"),
        (["--tenant", "alpha-bank", "--scope", "payments:read"], "--name"),
    ],
)
def test_create_api_client_says_what_is_wrong(tenant_a: Any, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("create_api_client", *arguments)
    assert not ApiClient.objects.exists()
