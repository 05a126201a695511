"""The published document and the product agree, whatever is sent: Schemathesis generates the requests, all its checks judge the answers.

First it covers each boundary of the document once (some 1,400 requests), then it sends random ones: 200, or SCHEMATHESIS_CASES=2000,
others with SCHEMATHESIS_SEED=7. `st run` in this folder judges a running engine by the same rules: see schemathesis.toml.
"""

import os
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import schemathesis
from django.conf import settings
from django.test import Client
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from payment_engine.wsgi import application
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tenants.scopes import PLATFORM_ADMIN, TENANT_SCOPES
from tenants.tokens import issue_access_token
from tests.api import Api
from tests.contract.ground import Ground, prepare_ground

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

RANDOM_CASES: Final = int(os.environ.get("SCHEMATHESIS_CASES", "200"))
SEED: Final = int(os.environ.get("SCHEMATHESIS_SEED", "20022"))
# Refusals of well-formed bodies that only data can decide. Any other code says that the document promised too much.
BUSINESS_CODES: Final = frozenset(
    [
        "account_closed",
        "account_frozen",
        "account_stays_closed",
        "activation_time_invalid",
        "amount_invalid",
        "calendar_unknown",
        "currency_mismatch",
        "date_out_of_range",
        "endpoint_unclear",
        "flag_invalid",
        "iban_invalid",
        "import_refused",
        "insufficient_funds",
        "limit_exceeded",
        "payment_type_unknown",
        "rule_unclear",
        "setting_invalid",
        "setting_unknown",
        "same_account",
        "stale_version",
        "terms_invalid",
        "payment_type_inactive",  # once another case has retired it
        "time_zone_unknown",
        "too_many_rate_limits",
        "idempotency_key_reused",
    ]
)


@dataclass(slots=True)
class Verdicts:
    cases: int = 0
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    failures: list[str] = field(default_factory=list)


@schemathesis.check
def only_data_refuses_what_is_well_formed(_context: Any, response: Any, case: Any) -> None:
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and response.status_code in {412, 422, 423}:
        problem = response.json()
        in_free_value = any(error["code"] == "character_invalid" for error in problem["errors"])  # its document knows no pattern
        assert problem["code"] in BUSINESS_CODES or in_free_value, f"a well-formed request was refused: {response.text}"


@schemathesis.check
def every_answer_has_its_correlation_id(_context: Any, response: Any, _case: Any) -> None:
    assert response.headers.get("x-correlation-id"), "X-Correlation-ID is missing"


@schemathesis.check
def problems_say_what_they_answer(_context: Any, response: Any, case: Any) -> None:
    if response.status_code >= 400 and case.method != "HEAD":
        problem = response.json()
        assert (problem["status"], problem["type"]) == (response.status_code, f"/api/v1/problems/{problem['code']}")


@pytest.fixture
def ground(tenant_a: TenantRecord) -> Ground:
    with tenant_scope(tenant_a):
        return prepare_ground(Api(tenant_a))


@pytest.fixture
def token(tenant_a: TenantRecord) -> str:
    return issue_access_token(client_id=Api(tenant_a).client_id, tenant=tenant_a.slug, scopes=sorted(TENANT_SCOPES), lifetime_seconds=3600)


def configuration(ground: Ground, token: str, operations: int) -> SchemathesisConfig:
    rules = tomllib.loads((settings.BASE_DIR / "schemathesis.toml").read_text())
    return SchemathesisConfig.from_dict(
        {
            **rules,
            **ground.configuration(probability=0.7),
            "seed": SEED,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {token}"},
            "generation": {"max-examples": max(1, RANDOM_CASES // operations), "database": "none"},
            "phases": {"stateful": {"generation": {"max-examples": max(1, RANDOM_CASES // 40)}}},
        }
    )


def judge(schema: Any) -> Verdicts:
    verdicts = Verdicts()
    for event in from_schema(schema).execute():
        match event:
            case ScenarioFinished():
                _note(verdicts, event)
            case FatalError():
                raise event.exception
            case NonFatalError():
                verdicts.failures.append(f"{event.label}: {event.value}")
    return verdicts


def _note(verdicts: Verdicts, event: ScenarioFinished) -> None:
    recorder = event.recorder
    verdicts.cases += len(recorder.cases)
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None and case_id in recorder.cases:
            verdicts.statuses[recorder.cases[case_id].value.operation.label].add(interaction.response.status_code)
    for checks in recorder.checks.values():
        verdicts.failures += [
            f"{event.label}: {check.name}: {check.failure_info.failure.message}\n{check.failure_info.code_sample}"
            for check in checks
            if check.failure_info is not None
        ]


def closing_application(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Ends each request as a server does; the test client leaves answers, and so database connections of its threads, open."""
    response = application(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        if hasattr(response, "close"):  # PEP 3333: it may have one
            response.close()


def of_the_platform(client: Client) -> set[str]:
    """What a tenant's token is always refused, whatever is sent."""
    paths = client.get("/api/v1/schema?format=json").json()["paths"]
    needed = {f"{method.upper()} {path}": document["security"] for path, methods in paths.items() for method, document in methods.items()}
    return {label for label, security in needed.items() if security == [{"oauth2": [PLATFORM_ADMIN]}]}


def test_the_document_says_exactly_what_the_product_does(ground: Ground, token: str, client: Client) -> None:
    location = "/api/v1/schema?format=json"
    operations = sum(1 for _ in schemathesis.openapi.from_wsgi(location, closing_application).get_all_operations())
    schema = schemathesis.openapi.from_wsgi(location, closing_application, config=configuration(ground, token, operations))
    verdicts = judge(schema)
    print(f"{verdicts.cases} cases over {operations} operations, {len(verdicts.failures)} failures")
    assert not verdicts.failures, "\n\n".join(verdicts.failures[:20])
    assert verdicts.cases >= 400 + RANDOM_CASES
    never_accepted = [label for label, statuses in verdicts.statuses.items() if not any(200 <= status < 300 for status in statuses)]
    assert len(verdicts.statuses) == operations
    assert set(never_accepted) <= of_the_platform(client), "the checks are blind where nothing is ever accepted"
