"""Four eyes in the portal: what waits, who lets it happen, and who can not."""

from datetime import timedelta

import pytest
from django.test import Client

from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.models import ConfigVersion
from config_mgmt.values import Actor
from events.models import OutboxEvent
from payment_engine.clock import now
from tenants.registry import TenantRecord
from tests.portal.config.steps import LIMIT, change_page, diff, make_flag, propose, set_limit
from tests.portal.pages import html, send, words

pytestmark = pytest.mark.django_db
OWN = "You asked for this change, so another person must approve it."
OPERATOR = Actor(name="alpha-bank-operator", person="alpha-bank-operator")


def _status(version: ConfigVersion) -> str:
    version.refresh_from_db()
    return version.status


def test_nothing_waits(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    assert "Nothing waits." in html(operator_a, url_of("approvals"))


def test_a_proposal_is_approved_by_another_person(operator_a: Client, colleague_a: Client, in_tenant_a: TenantRecord) -> None:
    propose(operator_a, change_page(), config_value="500.00", reason="Large client", ask_approval="on")
    version = ConfigVersion.objects.get()
    page = words(html(colleague_a, url_of("approvals")))
    for shown in (LIMIT, "Large client", "alpha-bank-operator", "500.00", "Approve", "Reject"):
        assert shown in page, shown
    url = page_of_version(version, "approve")
    assert diff(colleague_a.get(url)) == [("value", "–", "500.00")]
    assert _status(version) == "PROPOSED", "looking at the question decides nothing"
    send(colleague_a, url, reason="Fine with me")
    assert (_status(version), version.decided_by, version.decided_by_person) == ("ACTIVE", "bea", "bea")
    assert OutboxEvent.objects.latest("id").payload["decisionReason"] == "Fine with me"


def test_nobody_approves_their_own_change(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    propose(operator_a, change_page(), config_value="500.00", ask_approval="on")
    version = ConfigVersion.objects.get()
    url = page_of_version(version, "approve")
    for page in (html(operator_a, url_of("approvals")), html(operator_a, page_of_version(version))):
        assert OWN in words(page)
        assert url not in page
    question = html(operator_a, url)
    assert OWN in words(question)
    assert 'type="submit"' not in question.partition("portal-operation")[2].partition("</form>")[0]
    answer = operator_a.post(url, {"reason": "I say so"})
    assert answer.status_code == 403
    assert "approved by another person than the one who asked for it" in answer.content.decode()
    assert _status(version) == "PROPOSED"


def test_an_api_client_of_the_same_person_counts_as_that_person(operator_a: Client, colleague_a: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("500.00", actor=Actor(name="cli_1", person="alpha-bank-operator"), asks_approval=True)
    assert OWN in words(html(operator_a, url_of("approvals")))
    assert operator_a.post(page_of_version(version, "approve"), {}).status_code == 403
    assert _status(version) == "PROPOSED"
    send(colleague_a, page_of_version(version, "approve"))
    assert _status(version) == "ACTIVE"


def test_a_proposal_is_rejected_and_ones_own_is_withdrawn(operator_a: Client, colleague_a: Client, in_tenant_a: TenantRecord) -> None:
    first, second = (set_limit(value, actor=OPERATOR, asks_approval=True) for value in ("1.00", "2.00"))
    assert "Withdraw" in words(html(operator_a, page_of_version(first, "reject")))
    assert "Withdraw" not in words(html(colleague_a, page_of_version(second, "reject")))
    send(operator_a, page_of_version(first, "reject"), reason="A typo")
    send(colleague_a, page_of_version(second, "reject"), reason="Too little")
    assert (_status(first), _status(second)) == ("REJECTED", "REJECTED")
    again = send(colleague_a, page_of_version(second, "approve"))
    assert "does not wait for this decision" in again.content.decode()


def test_a_scheduled_change_is_listed_with_its_time_and_withdrawn(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    at = (now() + timedelta(hours=2)).replace(microsecond=0)
    version = set_limit("9.00", activate_at=at)
    page = html(operator_a, url_of("approvals"))
    assert f"for {at:%Y-%m-%d %H:%M:%S} UTC" in words(page)
    assert page_of_version(version, "approve") not in page
    send(operator_a, page_of_version(version, "reject"))
    assert _status(version) == "REJECTED"


def test_the_value_before_is_the_one_that_applies_wherever_it_comes_from(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    key = "payment.default_currency"
    at = f"{now() + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}"
    form = send(operator_a, change_page(key), config_value="CHF", activate_at=at)
    propose(operator_a, change_page(key), config_value="CHF", activate_at=at)
    version = ConfigVersion.objects.get()
    (card,) = operator_a.get(url_of("approvals")).context["cards"]
    decision = operator_a.get(page_of_version(version, "reject"))
    assert card.diff == decision.context["diff"] == form.context["diff"]
    assert diff(form) == [("value", "EUR", "CHF")]
    for page in (html(operator_a, url_of("approvals")), html(operator_a, page_of_version(version)), form.content.decode()):
        assert "Before Default After" in words(page)
        assert "EUR" in page


def test_a_limit_that_waits_is_beside_the_one_that_applies(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    endpoint, at = "/api/v1/transactions", f"{now() + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}"
    values = {"rate_limit_per_minute": "7", "burst_capacity": "7", "window_size_seconds": "60", "activate_at": at}
    url = url_of("rate_limit_change", endpoint=endpoint)
    form = send(operator_a, url, **values)
    propose(operator_a, url, **values)
    (card,) = operator_a.get(url_of("approvals")).context["cards"]
    assert card.diff == form.context["diff"]
    assert "–" not in {before for _, before, _ in card.diff.rows}


def test_an_overtaken_proposal_is_not_approved(colleague_a: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("1.00", actor=OPERATOR, asks_approval=True)
    set_limit("2.00")
    answer = send(colleague_a, page_of_version(version, "approve"))
    assert "another version has taken effect since" in answer.content.decode()
    assert _status(version) == "PROPOSED"


def test_changes_of_every_kind_stand_in_one_history(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    set_limit("1.00", reason="Why not")
    make_flag("new-fees", percentage=30)
    url = url_of("configversion_changelist")
    page = words(html(operator_a, url))
    for shown in (f"{LIMIT} v1", "Why not", "new-fees v1", "on, 30 %"):
        assert shown in page, shown
    assert "new-fees" not in words(html(operator_a, url, kind__exact="SETTING")).partition("Search")[0]
    assert "new-fees v1" not in words(html(operator_a, url, q="max_daily"))


def test_nobody_edits_or_deletes_a_version(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("1.00")
    assert operator_a.post(page_of_version(version), {"value": "2.00"}).status_code == 403
    assert operator_a.post(page_of_version(version, "delete"), {"post": "yes"}).status_code == 403
    assert operator_a.get(url_of("configversion_add")).status_code == 403
    version.refresh_from_db()
    assert version.value == "1.00"


def test_the_neighbour_decides_nothing(operator_b: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("1.00", asks_approval=True)
    assert str(version.pk) not in html(operator_b, url_of("approvals"))
    for button in ("approve", "reject", "roll_back"):
        assert operator_b.post(page_of_version(version, button), {"expected_version": "0"}).status_code == 404
    assert _status(version) == "PROPOSED"
