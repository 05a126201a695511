"""What nobody can mean is refused in one line, before anything is begun: odd YAML, odd places, odd arguments."""

import logging
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ApiClient, StaffUser, Tenant
from tenants.operations.staff import create_staff_user
from tests.onboarding.conftest import Manage

pytestmark = pytest.mark.django_db(transaction=True)
NORTH = "tenantId: north-bank\ntenantName: North Bank\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(*arguments)
    words = str(caught.value)
    assert "\n" not in words
    assert not Tenant.objects.filter(slug="north-bank").exists()
    return words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "wrong.yaml holds nothing"),
        (b"# only a remark\n", "wrong.yaml holds nothing"),
        (b"- just a list", "wrong.yaml holds a list"),
        (b"north-bank", "wrong.yaml holds a single value"),
        (b"a: [", "wrong.yaml, line 1: "),
        (b"a: 1\n\tb: 2", "wrong.yaml, line 2: "),
        (b"a: 1\n---\nb: 2", "wrong.yaml, line 2: "),
        ("tenantName: x\ntenantId: Bänk".encode("latin-1"), "wrong.yaml, line 2: this is not UTF-8"),
        (b"tenantId: a\0", "wrong.yaml is not YAML"),
        (b"tenantId: a\ntenantName: b\ntenantId: c", "wrong.yaml, line 3: 'tenantId' is given twice"),
        (b"profile: {country: GB, country: DE}", "line 1: 'country' is given twice"),
        (BOMB.encode(), "wrong.yaml, line 2: nothing is read by reference"),
        (b"tenantName: &a [*a]", "wrong.yaml, line 1: nothing is read by reference"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "wrong.yaml, line 1: this is nested more than 64 levels deep"),
        (b"tenantName: " + b"9" * 5000, "wrong.yaml, line 1: a whole number has at most 18 digits"),
        (b"tenantName: !!python/name:os.system ''", "wrong.yaml, line 1: !!python/name:os.system is not read here"),
        (b"tenantName: !!binary aGVsbG8=", "wrong.yaml, line 1: !!binary is not read here"),
        (b"? [a, b]\n: 1", "wrong.yaml, line 1: the name of a member is a word"),
        (b'tenantName: "\\uD800"', "wrong.yaml, line 1: half of a surrogate pair"),
        (b"x" * (2 << 20), "wrong.yaml is larger than 1048576 bytes"),
        (b"1: 2", "1: this member is not known here"),
        (NORTH.encode() + b"profile: [GB]", "profile: Expected `object`, got `array`"),
        (NORTH.encode() + b"paymentTypes: {code: X}", "paymentTypes: Expected `array`, got `object`"),
    ],
)
def test_a_file_says_what_a_tenant_is(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_bytes(text)
    assert words in refused("onboard_tenant", str(path))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ("status: SUSPENDED", "status: a tenant begins as one of"),
        ("configuration: {features: {'a b': true}}", "configuration.features.a b: "),
        ("paymentTypes: [{code: FASTER, name: Faster, maxAmount: -5}]", "paymentTypes.0.maxAmount: an amount is not negative"),
        ("paymentTypes: [{code: F, name: x}, {code: F, name: y}]", "paymentTypes.1.code: F is there twice"),
        ("apiClient: {scopes: [payments:fly]}", "apiClient.scopes: 'payments:fly' is not a scope"),
        (f"apiClient: {{name: {'x' * 300}}}", "apiClient.name: "),
        ("administrator: {username: a b}", "administrator.username: "),
        ("administrator: {email: nonsense}", "administrator.email: "),
        (f"administrator: {{firstName: {'x' * 200}}}", "administrator.firstName: "),
        ("administrator: {username: ada}", "the user name ada belongs to somebody else"),
    ],
)
def test_what_the_last_step_would_refuse_is_refused_before_the_first(tmp_path: Path, members: str, words: str) -> None:
    StaffUser.objects.create(username="ada")
    path = tmp_path / "north.yaml"
    path.write_text(NORTH + members)
    assert words in refused("onboard_tenant", str(path))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("", "is a folder: name a file in it"),
        ("missing/secrets.json", "can't be written: there is no folder"),
        ("letter.txt/secrets.json", "can't be written: there is no folder"),
        ("letter.txt", "is not a file of credentials: name another"),
        ("package.json", "is not a file of credentials: name another"),
        ("x" * 300, "can't be written: File name too long"),
        ("/proc/secrets.json", "can't be written: "),
        ("/dev/full", "is not a file of credentials: name another"),
    ],
)
def test_a_place_for_credentials_is_looked_at_first(tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "letter.txt").write_bytes(b"\xff dear Ada")
    (tmp_path / "package.json").write_text('{"name": "something dear"}')
    there = sorted(tmp_path.iterdir())
    told = refused("onboard_tenant", "--name", "north-bank", "--credentials-file", str(tmp_path / place))
    assert str(tmp_path / place) in told
    assert words in told
    assert sorted(tmp_path.iterdir()) == there
    assert (tmp_path / "package.json").read_text() == '{"name": "something dear"}'


def test_secrets_that_can_not_be_kept_are_not_made_valid(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 252)  # the name it is first written under is longer than a file system takes
    with pytest.raises(CommandError, match="can't be written: File name too long"):
        call_command("onboard_tenant", "--name", "south-bank", "--credentials-file", str(place))
    assert not ApiClient.objects.filter(tenant="south-bank").exists()


def test_an_archive_s_place_is_looked_at_before_the_tenant_is_suspended(tmp_path: Path) -> None:
    call_command("onboard_tenant", "--name", "south-bank")
    assert "is a folder" in refused("tenant_close", "south-bank", "--reason", "merged", "--archive", str(tmp_path))
    assert "can't be written" in refused("tenant_close", "south-bank", "--reason", "merged", "--archive", "/proc/south.zip")
    assert Tenant.objects.get(slug="south-bank").status == "ACTIVE"


@pytest.mark.parametrize(
    "command",
    [
        ["tenant_show", "no-bank"],
        ["tenant_resume", "no-bank"],
        ["verify_ledger", "--tenant", "no-bank"],
        ["issue_token", "--tenant", "no-bank"],
        ["create_api_client", "--tenant", "no-bank", "--name", "x", "--scope", "payments:read"],
        ["prove_isolation", "no-bank", "alpha-bank"],
        ["submit_pain001", "x.xml", "--tenant", "no-bank"],
    ],
)
def test_a_tenant_that_is_not_there_is_named(command: list[str]) -> None:
    assert refused(*command) == "there is no such tenant: no-bank. See manage.py tenant_list"
    assert logging.root.manager.disable == logging.NOTSET, "what goes on in this process is logged as before"


@pytest.mark.parametrize("text", [None, b"\xff", b"[1]", b'{"a": 1}'])
def test_the_demo_s_file_replaces_no_other(tmp_path: Path, text: bytes | None) -> None:
    place = tmp_path / "demo.json"
    if text is None:
        place.mkdir()
    else:
        place.write_bytes(text)
    assert str(place) in refused("seed_demo", "--output", str(place))
    assert text is None or place.read_bytes() == text
    assert not Tenant.objects.filter(slug="demo-bank").exists()


def test_a_new_file_for_the_demo_changes_nobody_s_password(tmp_path: Path) -> None:
    create_staff_user(username="platform", password="correct-horse-battery", tenant=None)
    words = refused("seed_demo", "--output", str(tmp_path / "other.json"))
    assert "other.json does not have the secrets of platform, who can sign in already" in words
    assert "--reset-secrets" in words
    assert StaffUser.objects.get().check_password("correct-horse-battery")
    assert not Tenant.objects.filter(slug="demo-bank").exists()
    assert list(tmp_path.iterdir()) == []


def test_an_argument_that_is_not_text_is_named(manage: Manage) -> None:
    process = manage("onboard_tenant", "--name", "\udcff-bank")
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "argument 3 is not UTF-8: \\udcff-bank\n")


@pytest.mark.parametrize("interval", ["nan", "inf", "0", "-1"])
def test_the_sweeper_comes_round_again(interval: str) -> None:
    assert "--interval is more than 0" in refused("sweep", f"--interval={interval}")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("tenant_list", "--help")
    assert "\nexamples:\n  manage.py tenant_list --status SUSPENDED\n" in capsys.readouterr().out
