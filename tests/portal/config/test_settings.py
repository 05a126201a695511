"""Settings in the portal: what applies and why, proposing another value, going back."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from config_mgmt.admin.pages import page_of_version, url_of
from config_mgmt.models import ConfigVersion
from config_mgmt.queries.versions import active_version
from payment_engine.clock import now
from tenants.models import StaffUser, Tenant
from tenants.registry import TenantRecord
from tests.portal.config.steps import LIMIT, change_page, diff, propose, set_limit, setting_page
from tests.portal.pages import html, send, words

pytestmark = pytest.mark.django_db
OPERATOR = "alpha-bank-operator"


def _in_force(key: str = LIMIT, environment: str = "production") -> object:
    version = active_version("SETTING", key, environment)
    return version and version.value


def test_settings_are_listed_with_their_value_and_where_it_comes_from(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    set_limit("100.00")
    Tenant.objects.filter(slug="alpha-bank").update(currency="CHF")
    page = words(html(operator_a, url_of("settings")))
    for key, shown in (
        (LIMIT, "100.00 Tenant 1 ada"),
        ("payment.default_currency", "CHF Profile –"),
        ("iso20022.answer_within", "PT20S Default –"),
    ):
        assert shown in page.partition(f"{key} ")[2][:400], key


def test_a_tenant_sees_nothing_of_another_ones(operator_b: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("4711.00", reason="Secret of alpha")
    for url in (url_of("settings"), setting_page(), url_of("approvals"), url_of("configversion_changelist")):
        page = html(operator_b, url)
        assert "4711" not in page, url
        assert "Secret of alpha" not in page, url
    assert operator_b.get(page_of_version(version)).status_code == 302
    assert operator_b.post(page_of_version(version, "roll_back"), {"expected_version": "0"}).status_code == 404


def test_a_change_is_shown_before_it_is_made(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    set_limit("100.00")
    shown = send(operator_a, change_page(), config_value="250.00", reason="Contract")
    assert diff(shown) == [("value", "100.00", "250.00")]
    assert "Nothing is changed yet" in words(shown.content.decode())
    assert _in_force() == "100.00"
    done = propose(operator_a, change_page(), config_value="250.00", reason="Contract")
    assert f"{LIMIT} v2 is in force." in words(done.content.decode())
    version = active_version("SETTING", LIMIT)
    assert version is not None
    assert (version.value, version.reason, version.changed_by, version.changed_by_person) == ("250.00", "Contract", OPERATOR, OPERATOR)
    assert LogEntry.objects.get().object_repr == f"{version.public_id} (alpha-bank)"


def test_what_was_not_shown_is_not_made(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    shown = send(operator_a, change_page(), config_value="250.00")
    seen = shown.context["form"].fingerprint
    again = operator_a.post(change_page(), {"config_value": "999999.00", "expected_version": "0", "shown": seen})
    assert diff(again) == [("value", "–", "999999.00")]
    assert _in_force() is None


@pytest.mark.parametrize(
    ("key", "typed", "sentence"),
    [
        (LIMIT, "a lot", "a plain decimal number from 0.0001"),
        (LIMIT, "1.00001", "at most 4 digits after the point"),
        (LIMIT, "", "This field is required."),
        ("payment.default_currency", "XXQ", "Select a valid choice"),
        ("tenant.time_zone", "Mars/Olympus", "Select a valid choice"),
        ("iso20022.payment_type", "sepa", "at most 40 capital letters"),
        ("config.four_eyes_keys", "Payment.*", "keys in small letters"),
        ("custom.footer", '{"a": 1', "truncated"),
        ("custom.footer", "9007199254740993", "exact as a double"),
    ],
)
def test_what_a_setting_does_not_take_is_said_at_the_field(
    operator_a: Client, in_tenant_a: TenantRecord, key: str, typed: str, sentence: str
) -> None:
    answer = propose(operator_a, change_page(key), config_value=typed)
    assert sentence in " ".join(answer.context["form"].errors["config_value"])
    assert not ConfigVersion.objects.exists()


@pytest.mark.parametrize(
    ("key", "typed", "stored"),
    [
        (LIMIT, "100", "100"),
        ("payment.default_currency", "JPY", "JPY"),
        ("tenant.time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("iso20022.payment_type", "SEPA", "SEPA"),
        ("custom.footer", '{"lines": [1, 2.5, null]}', {"lines": [1, 2.5, None]}),
        ("custom.footer", '"text"', "text"),
    ],
)
def test_each_type_of_setting_has_a_field(operator_a: Client, in_tenant_a: TenantRecord, key: str, typed: str, stored: object) -> None:
    propose(operator_a, change_page(key), config_value=typed)
    assert _in_force(key) == stored
    assert operator_a.get(change_page(key)).context["form"]["config_value"].value() in {
        typed,
        '{\n  "lines": [\n    1,\n    2.5,\n    null\n  ]\n}',
    }


def test_keys_are_typed_one_a_line_and_always_need_another_person(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    page = html(operator_a, change_page("config.four_eyes_keys"))
    assert "wait for the approval of another person" in page
    assert "ask_approval" not in page
    propose(operator_a, change_page("config.four_eyes_keys"), config_value="payment.*\n  custom.* \n\n")
    version = ConfigVersion.objects.get()
    assert (version.status, version.value) == ("PROPOSED", ["custom.*", "payment.*"])


def test_a_change_is_scheduled(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    at = (now() + timedelta(days=1)).replace(microsecond=0)
    answer = propose(operator_a, change_page(), config_value="5.00", activate_at=at.strftime("%Y-%m-%dT%H:%M:%S"))
    version = ConfigVersion.objects.get()
    assert (version.status, version.activate_at) == ("SCHEDULED", at)
    page = words(answer.content.decode())
    assert f"takes effect at {at:%Y-%m-%d %H:%M:%S} UTC" in page
    assert "Waits for its time" in page


@pytest.mark.parametrize("at", ["2020-01-01T00:00", "soon", "2026-13-01T00:00"])
def test_a_time_that_is_none_or_has_passed_is_refused_at_the_field(operator_a: Client, in_tenant_a: TenantRecord, at: str) -> None:
    answer = propose(operator_a, change_page(), config_value="5.00", activate_at=at)
    assert list(answer.context["form"].errors) == ["activate_at"]
    assert not ConfigVersion.objects.exists()


def test_a_change_somebody_else_overtook_is_refused(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    shown = send(operator_a, change_page(), config_value="5.00")
    seen = shown.context["form"].fingerprint
    set_limit("7.00")
    values = {"config_value": "5.00", "expected_version": "0"}
    again = operator_a.post(change_page(), {**values, "shown": seen})
    assert diff(again) == [("value", "7.00", "5.00")], "the difference is another one by now"
    last = operator_a.post(change_page(), {**values, "shown": again.context["form"].fingerprint})
    assert "changed since you read it" in last.content.decode()
    assert _in_force() == "7.00"


def test_a_value_that_is_in_force_already_makes_no_version(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    set_limit("100.00")
    answer = propose(operator_a, change_page(), config_value="100")
    assert "nothing was changed" in answer.content.decode()
    assert ConfigVersion.objects.count() == 1


def test_rolling_back_makes_a_new_version_and_says_which(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    first = set_limit("100.00", reason="First")
    set_limit("200.00")
    url = page_of_version(first, "roll_back")
    assert url in html(operator_a, setting_page())
    assert diff(operator_a.get(url)) == [("value", "200.00", "100.00")]
    send(operator_a, url, reason="Too much")
    version = active_version("SETTING", LIMIT)
    assert version is not None
    assert (version.version, version.value, version.rollback_of, version.reason) == (3, "100.00", 1, "Too much")
    page = words(html(operator_a, setting_page()))
    for shown in ("Too much (as version 1)", "Version 1", "Superseded", "ada"):
        assert shown in page.replace("\N{NO-BREAK SPACE}", " "), shown


def test_a_rollback_of_an_outdated_page_is_refused(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    first = set_limit("100.00")
    set_limit("200.00")
    set_limit("300.00")
    answer = operator_a.post(page_of_version(first, "roll_back"), {"expected_version": "2"})
    assert "changed since you read it" in answer.content.decode()
    assert _in_force() == "300.00"


def test_the_own_value_is_taken_away(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    set_limit("100.00")
    url = url_of("setting_follow", LIMIT)
    send(operator_a, url, reason="Follow the tier")
    assert _in_force() is None
    assert "no value of the tenant&#x27;s own" in html(operator_a, setting_page())
    assert operator_a.get(url).status_code == 404, "there is no own value to take away"


def test_an_own_key_is_set(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    answer = send(operator_a, url_of("setting_add"), key="footer")
    assert "keys of your own begin with custom." in " ".join(answer.context["form"].errors["key"])
    answer = send(operator_a, url_of("setting_add"), key="custom.footer")
    assert answer.redirect_chain[-1][0].startswith(change_page("custom.footer"))


def test_environments_are_kept_apart(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    propose(operator_a, change_page(environment="staging"), config_value="5.00")
    assert (_in_force(), _in_force(environment="staging")) == (None, "5.00")
    assert "5.00" not in words(html(operator_a, setting_page()))
    assert "5.00" in words(html(operator_a, url_of("settings", environment="staging")))
    assert operator_a.get(url_of("settings", environment="No!")).status_code == 404


def test_what_only_the_platform_changes(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    key = "iso20022.answer_within"
    page = html(operator_a, setting_page(key))
    assert "the platform only" in page
    assert change_page(key) not in page
    answer = propose(operator_a, change_page(key), config_value="PT5S")
    assert (answer.status_code, "changed by the platform only" in answer.content.decode()) == (403, True)
    assert not ConfigVersion.objects.exists()


def test_a_setting_that_does_not_exist(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    for url in (setting_page("no.such"), change_page("no.such"), url_of("setting_follow", "no.such")):
        assert operator_a.get(url).status_code == 404


def test_who_may_only_look_sees_no_buttons(operator_a: Client, in_tenant_a: TenantRecord) -> None:
    version = set_limit("100.00")
    ann = StaffUser.objects.get(username=OPERATOR)
    ann.groups.clear()
    ann.user_permissions.set(Permission.objects.filter(codename__in=["view_configversion", "view_payment"]))
    page = html(operator_a, setting_page())
    assert "100.00" in page
    assert change_page() not in page
    assert operator_a.get(change_page()).status_code == 403
    assert operator_a.post(page_of_version(version, "roll_back"), {"expected_version": "1"}).status_code == 403
    ann.user_permissions.clear()
    for url in (url_of("settings"), setting_page(), url_of("approvals"), url_of("features"), url_of("rate_limits")):
        assert operator_a.get(url).status_code == 403, url
