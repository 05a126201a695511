"""The slider of a feature flag in a real browser: Chromium, against a real server."""

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from accounts.models import Customer
from config_mgmt.admin.pages import url_of
from config_mgmt.flags.evaluate import normalized
from config_mgmt.queries.versions import active_version
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.portal.browser import needs_browser, show_as
from tests.portal.config.steps import make_flag

PATIENCE_SECONDS = 30
pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "platform"]), needs_browser]
MOVE = """const slider = document.querySelector("input[type=range]");
slider.value = arguments[0];
slider.dispatchEvent(new Event("input", {bubbles: true}));"""


def _waits_for(browser: webdriver.Chrome, sentence: str) -> None:
    """Also through the change to the next page, in which what was found just now is gone."""
    wait = WebDriverWait(browser, PATIENCE_SECONDS, ignored_exceptions=[StaleElementReferenceException, NoSuchElementException])
    wait.until(lambda page: sentence in page.find_element(By.TAG_NAME, "body").text, sentence)


def test_moving_the_slider_tells_who_would_be_in_and_sending_the_form_twice_changes_the_flag(
    browser: webdriver.Chrome, live_server: LiveServer, operator_a: Client, tenant_a: TenantRecord
) -> None:
    with tenant_scope(tenant_a):
        customers = Customer.objects.bulk_create([Customer(name=f"Customer {n}") for n in range(50)])
        make_flag(percentage=20)

    def inside(percentage: int) -> int:
        return sum(normalized("new-fees", customer.public_id) <= percentage for customer in customers)

    show_as(browser, live_server, operator_a)
    browser.get(f"{live_server.url}{url_of('feature_change', 'new-fees')}")
    _waits_for(browser, f"{inside(20)} of 50 customers are in")
    browser.execute_script(MOVE, 60)
    _waits_for(browser, f"{inside(60)} of 50 customers are in ({inside(60) * 2} %).")
    assert browser.find_element(By.TAG_NAME, "output").text == "60 %"
    bar = browser.find_element(By.CSS_SELECTOR, "[data-estimate-bar]")
    assert f"width: {inside(60) * 2}%" in str(bar.get_attribute("style"))

    browser.find_element(By.CSS_SELECTOR, ".config-form button[type=submit]").click()
    _waits_for(browser, "Nothing is changed yet.")
    browser.find_element(By.CSS_SELECTOR, ".config-form button[type=submit]").click()
    _waits_for(browser, "new-fees v2 is in force.")
    with tenant_scope(tenant_a):
        version = active_version("FEATURE", "new-fees")
        assert version is not None
        assert version.value["config"]["rolloutPercentage"] == 60
    log: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert not [entry["message"] for entry in log if entry["level"] == "SEVERE"]
