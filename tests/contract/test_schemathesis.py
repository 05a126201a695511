"""The published document and the product agree, whatever is sent: Schemathesis generates the requests, all its checks judge the answers.

First it covers each boundary of the document once (some 2,400 requests), then it sends random ones: 240, or SCHEMATHESIS_CASES=2000,
others with SCHEMATHESIS_SEED=7. Where nothing was accepted so far it insists, with well-formed requests only. `st run` in this folder
judges a running engine by the same rules: see schemathesis.toml.
"""

import os
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import schemathesis
from django.conf import settings
from django.db import connections
from django.test import Client
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.generation.meta import CoveragePhaseData

from payment_engine.api.scopes import PLATFORM_ADMIN
from payment_engine.wsgi import application
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tenants.scopes import TENANT_SCOPES
from tenants.tokens import issue_access_token
from tests.api import Api
from tests.contract.ground import Ground, prepare_ground

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

Application = Callable[[Any, Any], Iterable[bytes]]
LEAST_CASES: Final = 2_000
RANDOM_CASES: Final = int(os.environ.get("SCHEMATHESIS_CASES", "240"))
TRIES: Final = 40
"""Of an operation that accepted nothing so far, such as one that wants several known values at once; in so many ROUNDS."""
ROUNDS: Final = 3
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

    @property
    def never_accepted(self) -> set[str]:
        return {label for label, statuses in self.statuses.items() if not any(200 <= status < 300 for status in statuses)}


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
    if response.status_code >= 400 and case.method != "HEAD" and case.path.startswith("/api/"):
        problem = response.json()
        assert (problem["status"], problem["type"]) == (response.status_code, f"/api/v1/problems/{problem['code']}")


@pytest.fixture
def ground(tenant_a: TenantRecord) -> Ground:
    with tenant_scope(tenant_a):
        return prepare_ground(Api(tenant_a), Api(tenant_a, person="maker"))


@pytest.fixture
def token(tenant_a: TenantRecord) -> str:
    """Of a client that a person answers for, so that it may approve what another one asked for."""
    client_id = Api(tenant_a, person="checker").client_id
    return issue_access_token(client_id=client_id, tenant=tenant_a.slug, scopes=sorted(TENANT_SCOPES), lifetime_seconds=3600)


def configuration(ground: Ground, token: str, *, only: Sequence[str] = (), **settings_of_run: Any) -> SchemathesisConfig:
    """For all operations, or for those named; an `include` of the schema itself is forgotten once operations are configured."""
    known = ground.configuration(probability=0.8)
    known["operations"] += [{"exclude-name": list(only), "enabled": False}] if only else []
    rules = tomllib.loads((settings.BASE_DIR / "schemathesis.toml").read_text())
    return SchemathesisConfig.from_dict(
        {
            **rules,
            **known,
            "seed": SEED,
            "continue-on-failure": True,
            "headers": {"Authorization": f"Bearer {token}"},
            **settings_of_run,
        }
    )


def everything(operations: int) -> dict[str, Any]:
    """Boundaries of the document, random requests, and random walks along its links."""
    return {
        "generation": {"max-examples": max(1, RANDOM_CASES // operations), "database": "none"},
        "phases": {"stateful": {"generation": {"max-examples": max(1, RANDOM_CASES // 40)}}},
    }


def well_formed(tries: int, seed: int) -> dict[str, Any]:
    """Random requests that the document allows, and nothing else."""
    return {
        "seed": seed,
        "generation": {"max-examples": tries, "mode": "positive", "database": "none"},
        "phases": {phase: {"enabled": False} for phase in ("examples", "coverage", "stateful")},
    }


def judge(schema: Any, verdicts: Verdicts) -> None:
    for event in from_schema(schema).execute():
        match event:
            case ScenarioFinished():
                _note(verdicts, event)
            case FatalError():
                raise event.exception
            case NonFatalError():
                verdicts.failures.append(f"{event.label}: {event.value}")


def _note(verdicts: Verdicts, event: ScenarioFinished) -> None:
    """What an operation answers is what its own method is answered: OPTIONS and the like are sent to its path too."""
    recorder = event.recorder
    verdicts.cases += len(recorder.cases)
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None and case_id in recorder.cases:
            operation = recorder.cases[case_id].value.operation
            if interaction.request.method == operation.method.upper():
                verdicts.statuses[operation.label].add(interaction.response.status_code)
    for checks in recorder.checks.values():
        verdicts.failures += [
            f"{event.label}: {check.name}: {check.failure_info.failure.message}\n{check.failure_info.code_sample}"
            for check in checks
            if check.failure_info is not None
        ]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, token: str) -> Iterator[Application]:
    """One thread answers everything and keeps its connections between requests, as a web worker does."""
    for alias in connections:
        monkeypatch.setitem(connections[alias].settings_dict, "CONN_MAX_AGE", None)
    with ThreadPoolExecutor(1) as worker:
        yield lambda environ, start_response: worker.submit(_answer, environ, start_response).result()
        worker.submit(connections.close_all).result()


def _answer(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Ends each request as a server does; a test client leaves answers open."""
    response = application(environ, start_response)
    try:
        return [b"".join(response)]
    finally:
        if hasattr(response, "close"):  # PEP 3333: it may have one
            response.close()


class EachBoundaryOnce:
    """Leaves out what Schemathesis sends several times to one place of the document, such as each of 160 currencies in turn."""

    def __init__(self) -> None:
        self._sent: set[tuple[object, ...]] = set()

    def __call__(self, _context: Any, case: Any) -> bool:
        boundary = None if case.meta is None else case.meta.phase.data
        if not isinstance(boundary, CoveragePhaseData):
            return True
        member = boundary.description.partition(" value: ")[0]  # such as: Object with valid 'currencies'
        place = (boundary.location or member) if boundary.parameter_location is ParameterLocation.BODY else boundary.parameter
        sent = (case.operation.label, case.method, boundary.scenario, boundary.parameter_location, place)
        is_new = sent not in self._sent
        self._sent.add(sent)
        return is_new


def of_the_platform(client: Client) -> set[str]:
    """What a tenant's token is always refused, whatever is sent."""
    paths = client.get("/api/v1/schema?format=json").json()["paths"]
    needed = {f"{method.upper()} {path}": document["security"] for path, methods in paths.items() for method, document in methods.items()}
    return {label for label, security in needed.items() if security == [{"oauth2": [PLATFORM_ADMIN]}]}


def test_the_document_says_exactly_what_the_product_does(ground: Ground, token: str, web: Application, client: Client) -> None:
    location, verdicts = "/api/v1/schema?format=json", Verdicts()
    operations = sum(1 for _ in schemathesis.openapi.from_wsgi(location, web).get_all_operations())
    schema = schemathesis.openapi.from_wsgi(location, web, config=configuration(ground, token, **everything(operations)))
    schema.hooks.register_hook_with_name(EachBoundaryOnce(), "filter_case")
    judge(schema, verdicts)
    assert len(verdicts.statuses) == operations
    for seed in range(SEED, SEED + ROUNDS):
        if blind := sorted(verdicts.never_accepted - of_the_platform(client)):
            insisting = configuration(ground, token, only=blind, **well_formed(TRIES, seed))
            judge(schemathesis.openapi.from_wsgi(location, web, config=insisting), verdicts)
            print(f"insisted on {blind}")
    print(f"{verdicts.cases} cases over {operations} operations, {len(verdicts.failures)} failures")
    assert not verdicts.failures, "\n\n".join(verdicts.failures[:20])
    assert verdicts.cases >= max(LEAST_CASES, 400 + RANDOM_CASES)
    assert verdicts.never_accepted <= of_the_platform(client), "the checks are blind where nothing is ever accepted"
