"""Coming in, and being turned away: sign-in, and the pages of what may not be seen or is not there."""

import io
import tempfile
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from payment_engine.ids import new_id
from payment_engine.redis import redis_client
from tenants import registry
from tenants.models import Tenant
from tenants.operations.staff import create_staff_user
from tenants.portal.sign_in import FROM_ALL_ADDRESSES, FROM_ONE_ADDRESS
from tenants.registry import TenantRecord
from tests.portal.conftest import PASSWORD
from tests.portal.pages import list_of, words

pytestmark = pytest.mark.django_db


def test_sign_in_that_names_no_page_ends_on_the_start_page(operator_a: Client, tenant_a: TenantRecord) -> None:
    answer = Client().post(reverse("admin:login"), {"username": f"{tenant_a.slug}-operator", "password": PASSWORD}, follow=True)
    assert (answer.redirect_chain, answer.status_code) == ([("/admin/", 302)], 200)


@pytest.fixture
def ann(tenant_a: TenantRecord) -> str:
    """A user name nobody has failed with."""
    username = f"ann-{new_id().hex}"
    create_staff_user(username=username, password=PASSWORD, tenant=Tenant.objects.get(slug=tenant_a.slug))
    return username


def sign_in(username: str, password: str, address: str = "192.0.2.1") -> str:
    """What the page says; empty once signed in."""
    answer = Client(REMOTE_ADDR=address).post(reverse("admin:login"), {"username": username, "password": password})
    return "" if answer.status_code == 302 else words(answer.content.decode())


def test_passwords_are_not_tried_for_long_from_one_address(ann: str, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(FROM_ONE_ADDRESS):
        assert "Please enter the correct" in sign_in(ann, f"guess-{number}")
    assert "too many attempts to sign in. Try again in 5 minutes" in sign_in(ann, PASSWORD)
    assert "too many attempts" in sign_in(ann.upper(), "guess")
    assert sign_in(ann, PASSWORD, "192.0.2.2") == ""
    assert sum(record.message == "sign-in failed" for record in caplog.records) == FROM_ONE_ADDRESS
    assert ann not in caplog.text


def test_passwords_are_not_tried_for_long_from_many_addresses(ann: str) -> None:
    for number in range(FROM_ALL_ADDRESSES):
        sign_in(ann, "guess", f"198.51.100.{number}")
    assert "too many attempts" in sign_in(ann, PASSWORD, "203.0.113.1")


def test_whoever_signs_in_starts_anew(ann: str) -> None:
    for _ in range(2):
        for _ in range(FROM_ONE_ADDRESS - 1):
            sign_in(ann, "guess")
        assert sign_in(ann, PASSWORD) == ""


def test_without_valkey_people_sign_in(ann: str, settings: Settings) -> None:
    redis_client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1"
    try:
        assert "Please enter the correct" in sign_in(ann, "guess")
        assert sign_in(ann, PASSWORD) == ""
    finally:
        redis_client.cache_clear()


@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_longer_than_any_form_is_not_read(form: str, settings: Settings) -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\n%b\r\n--x--\r\n'
    content = b"a" * (settings.BODY_LIMIT_BYTES + 1)
    answer = Client().generic("POST", reverse("admin:login"), field % content if "x" in form[-1] else b"username=" + content, form)
    assert answer.status_code == 400


def test_no_form_takes_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = Client().post(reverse("admin:login"), {"username": "ann", "file": io.BytesIO(b"x" * (4 << 20))})
    assert (answer.status_code, list(tmp_path.iterdir())) == (200, [])
    assert answer.wsgi_request.FILES == {}


def refusal(client: Client, url: str, method: str = "get") -> tuple[int, str, str]:
    """Status, kind of document, words; every such page leads back to the start page."""
    answer = getattr(client, method)(url)
    page = answer.content.decode()
    assert '<a href="/admin/">To the start page</a>' in page
    return answer.status_code, answer["Content-Type"], words(page)


def test_a_page_one_may_not_see_says_so_and_leads_back(operator_a: Client) -> None:
    status, kind, shown = refusal(operator_a, list_of("tenants_tenant"))
    assert (status, kind) == (403, "text/html; charset=utf-8")
    assert "Your user has no permission for this page" in shown


@pytest.mark.parametrize("url", ["/admin/nowhere/", "/admin/payments/payment/no-such/approve", "/nowhere"])
def test_a_page_that_is_not_there_says_so_and_leads_back(operator_a: Client, url: str) -> None:
    status, _, shown = refusal(operator_a, url)
    assert (status, "There is nothing at this address" in shown) == (404, True)


def test_what_a_suspended_tenant_may_not_do_is_refused_with_the_reason(operator_a: Client, tenant_a: TenantRecord) -> None:
    Tenant.objects.filter(slug=tenant_a.slug).update(status="SUSPENDED")
    registry.forget()
    status, kind, shown = refusal(operator_a, reverse("admin:accounts_customer_add"), "post")
    assert (status, kind) == (403, "text/html; charset=utf-8")
    assert "The tenant is suspended: it can read, and change nothing." in shown


def test_the_character_no_text_holds_is_refused(operator_a: Client) -> None:
    for query in ("status__exact=%00", "q=a%00b", "%00=1"):
        status, _, shown = refusal(operator_a, f"{list_of('payments_payment')}?{query}")
        assert (status, "could not be understood" in shown) == (400, True), query
