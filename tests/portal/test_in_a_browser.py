"""Every page of the portal, and that of the API's documentation, in a real browser: nothing is refused by its policy."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, pain001, payment, transfer
from tests.portal.browser import needs_browser, resize, show_as

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "platform"]), needs_browser, pytest.mark.timeout(300)]
LAPTOPS = (1360, 1024)
LINKS = "return [...document.querySelectorAll(arguments[0])].map(link => (link.getAttribute('href') ?? '').split(/[?#]/)[0])"
EXCESS = """const table = document.querySelector('#result_list, .portal-table')?.parentElement;
return Math.max(document.documentElement.scrollWidth - innerWidth, table ? table.scrollWidth - table.clientWidth : 0, 0)"""
IS_READY = "return document.readyState === 'complete' && (window.Alpine !== undefined || document.querySelector('.opblock') !== null)"


@pytest.fixture
def rows(tenant_a: TenantRecord, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Something in every list that fills by itself: customers, accounts, journals, payments, messages, events."""
    file = tmp_path_factory.mktemp("messages") / "payments.xml"
    file.write_bytes(pain001(payment(transfer("E1"), transfer("E2", amount="0")), message_id="MSG-0123456789-ABCDEFGHIJKLMNOPQRST"))
    with tenant_scope(tenant_a):
        make_payment_type()
        make_account(iban=CREDITOR_IBAN)
        make_account(iban=DEBTOR_IBAN, funds_minor=100_00)
    call_command("submit_pain001", str(file), "--tenant", "alpha-bank")


def pages_within_reach(browser: webdriver.Chrome) -> Iterator[str]:
    """All the sidebar leads to; of each list also the first row and the form of a new one. Visited as they are given out."""
    yield "/admin/"
    lists = [path for path in dict.fromkeys(browser.execute_script(LINKS, "nav a, #nav-sidebar a")) if path.startswith("/admin/")]
    for path in lists:
        yield path
        found = browser.execute_script(LINKS, "#result_list th a, #result_list td a, a[href$='/add/']")
        yield from dict.fromkeys(
            link for link in [*found[:1], *(each for each in found if each.endswith("/add/"))] if link.startswith("/admin/")
        )
    yield "/api/v1/docs"


def excess_at(browser: webdriver.Chrome, width: int) -> int:
    """How many pixels of a page, or of the list on it, are out of sight."""
    resize(browser, width)
    assert browser.execute_script("return innerWidth") == width
    return int(browser.execute_script(EXCESS))


@pytest.mark.parametrize("person", ["operator_a", "platform"])
def test_no_page_asks_for_what_its_policy_refuses_or_scrolls_sideways_on_a_laptop(
    request: pytest.FixtureRequest, browser: webdriver.Chrome, live_server: LiveServer, rows: None, person: str
) -> None:
    show_as(browser, live_server, request.getfixturevalue(person))
    visited, refusals = set(), []
    wider: dict[tuple[str, int], int] = {}
    browser.get(f"{live_server.url}/admin/")
    for path in pages_within_reach(browser):
        browser.get(f"{live_server.url}{path}")
        WebDriverWait(browser, 30).until(lambda page: page.execute_script(IS_READY), path)
        visited.add(path)
        wider |= {(path, width): excess for width in LAPTOPS if (excess := excess_at(browser, width))}
        refusals += [(path, entry["message"]) for entry in browser.get_log("browser") if "Content Security Policy" in entry["message"]]  # type: ignore[no-untyped-call]  # selenium's
    assert refusals == []
    assert wider == {}
    assert {"/admin/payments/payment/", "/admin/iso20022/message/", "/admin/config_mgmt/configversion/settings/", "/api/v1/docs"} <= visited
    assert len(visited) > 25, sorted(visited)


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/docs"])
def test_a_script_that_came_into_a_page_does_not_run(
    browser: webdriver.Chrome, live_server: LiveServer, operator_a: Client, path: str
) -> None:
    show_as(browser, live_server, operator_a)
    browser.get(f"{live_server.url}{path}")
    browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'document.title = \"taken\"'; document.body.append(script);"
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = \\'taken\\'\">')"
    )
    WebDriverWait(browser, 10).until(lambda page: page.find_element(By.CSS_SELECTOR, "img[src=x]").get_attribute("complete") == "true")
    assert browser.title != "taken"
    assert "Content Security Policy" in "".join(entry["message"] for entry in browser.get_log("browser"))  # type: ignore[no-untyped-call]  # selenium's
