"""Coming in: where sign-in leads to."""

import pytest
from django.test import Client
from django.urls import reverse

from tenants.registry import TenantRecord
from tests.portal.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_sign_in_that_names_no_page_ends_on_the_start_page(operator_a: Client, tenant_a: TenantRecord) -> None:
    answer = Client().post(reverse("admin:login"), {"username": f"{tenant_a.slug}-operator", "password": PASSWORD}, follow=True)
    assert (answer.redirect_chain, answer.status_code) == ([("/admin/", 302)], 200)
