import io
import json
import logging
import logging.config
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import RequestFactory

from payment_engine.observability import logs
from payment_engine.observability.correlation import correlated
from payment_engine.observability.logs import ConsoleFormatter, JsonFormatter, logging_config, set_tenant_getter


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("tests.logs")
    made.propagate, made.handlers = False, []
    yield made
    made.propagate, made.handlers = True, []


def lines(logger: logging.Logger, formatter: logging.Formatter) -> io.StringIO:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    return stream


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_tenant_getter", None)
    set_tenant_getter(lambda: "demo-bank")


@pytest.mark.usefixtures("tenant")
def test_a_line_has_exactly_the_fields(logger: logging.Logger) -> None:
    stream = lines(logger, JsonFormatter("payments"))
    with correlated("12345678"):
        logger.warning(
            "payment %s refused", "pay_1", extra={"code": "limit_exceeded", "amount": Decimal("1.10"), "payment_id": UUID(int=1)}
        )
    line = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line == {
        "level": "WARNING",
        "service": "payments",
        "tenant_id": "demo-bank",
        "correlation_id": "12345678",
        "message": "payment pay_1 refused",
        "context": {"logger": "tests.logs", "code": "limit_exceeded", "amount": "1.10", "payment_id": str(UUID(int=1))},
    }


def test_one_event_is_one_line(logger: logging.Logger) -> None:
    stream = lines(logger, JsonFormatter("payments"))
    logger.warning("first\nsecond \u2028 third")
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["message"] == "first\nsecond \u2028 third"


def book(iban: str) -> None:
    try:
        insert(iban)
    except ValueError as cause:
        raise RuntimeError("booking failed") from cause


def insert(iban: str) -> None:
    raise ValueError(f"duplicate key\nDETAIL: Key (iban)=({iban}) already exists")


def test_an_exception_is_told_without_what_it_was_about(logger: logging.Logger) -> None:
    stream = lines(logger, JsonFormatter("payments"))
    try:
        book("DE00CANARY")
    except RuntimeError:
        logger.exception("failed")
    exception = json.loads(stream.getvalue())["context"]["exception"]
    assert (exception["type"], exception["message"], exception["causes"]) == (
        "RuntimeError",
        "booking failed",
        ["ValueError: duplicate key"],
    )
    assert exception["frames"][0].split("/")[-1].startswith("test_logs.py:")
    assert "CANARY" not in stream.getvalue()


def test_objects_and_requests_leave_no_payload(logger: logging.Logger) -> None:
    class Payload:
        def __repr__(self) -> str:
            return "CANARY"

    request = RequestFactory().post("/api/v1/x?iban=CANARY", b"CANARY", content_type="text/plain")
    stream = lines(logger, JsonFormatter("payments"))
    logger.warning("refused", extra={"payload": Payload(), "raw": b"CANARY", "request": request, "nested": {"list": [1, Payload()]}})
    assert json.loads(stream.getvalue())["context"] == {
        "logger": "tests.logs",
        "payload": "Payload",
        "raw": "bytes",
        "method": "POST",
        "path": "/api/v1/x",
        "nested": {"list": [1, "Payload"]},
    }


def test_long_values_are_cut(logger: logging.Logger) -> None:
    stream = lines(logger, JsonFormatter("payments"))
    logger.warning("long", extra={"text": "x" * 100_000, "items": list(range(100_000))})
    assert len(stream.getvalue()) < 3000


def test_what_a_caller_sent_stays_on_its_line(logger: logging.Logger) -> None:
    stream = lines(logger, ConsoleFormatter())
    logger.warning("seen\nFORGED", extra={"path": "/x\n12:00:00.000 INFO forged\x1b[31m\x00 é"})
    assert stream.getvalue().count("\n") == 1
    assert r"seen\nFORGED  path=/x\n12:00:00.000 INFO forged\x1b[31m\x00 é" in stream.getvalue()


@pytest.mark.usefixtures("tenant")
def test_a_developer_reads_a_plain_line(logger: logging.Logger) -> None:
    stream = lines(logger, ConsoleFormatter())
    try:
        os.environ["NO_SUCH_VARIABLE"]
    except KeyError:
        logger.exception("failed", extra={"code": "c1"})
    first, *rest = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ERROR   tests\.logs  failed  code=c1 tenant=demo-bank", first)
    assert rest[-1].strip() == "KeyError: 'NO_SUCH_VARIABLE'"


@pytest.mark.parametrize(("json_lines", "formatter"), [(True, JsonFormatter), (False, ConsoleFormatter)])
def test_the_configuration_is_a_dict_config(
    monkeypatch: pytest.MonkeyPatch, *, json_lines: bool, formatter: type[logging.Formatter]
) -> None:
    config: Any = logging_config(service="web", json=json_lines, level="DEBUG")
    configurator = logging.config.DictConfigurator(config)
    assert isinstance(configurator.configure_formatter(config["formatters"]["line"]), formatter)
    assert config["root"] == {"handlers": ["stderr"], "level": "DEBUG"}
