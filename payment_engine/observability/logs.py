"""Logs are events with fields: one JSON object a line, or a readable line for a developer's terminal.

Fields: timestamp (ms, Z), level, service, tenant_id, correlation_id, message, context. `extra={...}` becomes the context.
Payloads never get in: only plain values are written, a request becomes its method and path, an exception its
first line (PostgreSQL puts the row's values into the following ones) and its frames without source or locals.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Final
from uuid import UUID

import msgspec

from payment_engine.observability.correlation import correlation_id

MAX_TEXT: Final = 1000
MAX_ITEMS: Final = 50
MAX_DEPTH: Final = 2
MAX_FRAMES: Final = 30
MAX_CAUSES: Final = 4
_RECORD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CHATTY: Final = (
    "oauthlib",
    "oauth2_provider",
    "celery.worker.strategy",
    "celery.app.trace",
    "celery.beat",
    "celery.redirected",
    "pyiso20022",
)
_encode: Final = msgspec.json.Encoder().encode
_tenant_getter: Callable[[], str | None] | None = None


def set_tenant_getter(getter: Callable[[], str | None]) -> None:
    """Called once by the app that knows the tenants; the getter must not raise and must not log."""
    global _tenant_getter  # noqa: PLW0603 the floors forbid importing the tenants from here, so they hand in the getter
    _tenant_getter = getter


def tenant_id() -> str | None:
    return _tenant_getter() if _tenant_getter is not None else None


def exception_facts(exception: BaseException) -> dict[str, object]:
    """Type, first line, frames and causes of an exception, without what it was about."""
    causes = [f"{type(cause).__qualname__}: {_first_line(cause)}" for cause in _causes(exception)]
    facts: dict[str, object] = {"type": _qualified_name(exception), "message": _first_line(exception)}
    facts["frames"] = _frames(exception.__traceback__)
    return facts | {"causes": causes} if causes else facts


def _qualified_name(exception: BaseException) -> str:
    kind = type(exception)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _first_line(exception: BaseException) -> str:
    return str(exception).strip().partition("\n")[0][:MAX_TEXT]


def _causes(exception: BaseException) -> Iterator[BaseException]:
    for _ in range(MAX_CAUSES):
        cause = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
        if cause is None:
            return
        yield cause
        exception = cause


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{'/'.join(PurePath(code.co_filename).parts[-3:])}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames[-MAX_FRAMES:]


def _plain(value: object, depth: int = 0) -> object:
    """The value if it is plain, else the name of its type: an object's repr may hold anything."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return _plain(value.value, depth)
        case str():
            return value[:MAX_TEXT]
        case Decimal() | UUID() | date() | PurePath():
            return str(value)
        case Mapping() if depth < MAX_DEPTH:
            return {str(key)[:MAX_TEXT]: _plain(member, depth + 1) for key, member in list(value.items())[:MAX_ITEMS]}
        case list() | tuple() | set() | frozenset() if depth < MAX_DEPTH:
            return [_plain(member, depth + 1) for member in list(value)[:MAX_ITEMS]]
        case BaseException():
            return f"{type(value).__qualname__}: {_first_line(value)}"
        case _:
            return type(value).__name__


def context_of(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`, made plain, plus the exception."""
    context: dict[str, object] = {}
    for key, value in vars(record).items():
        if key in _RECORD_FIELDS:
            continue
        if key == "request":
            context["method"], context["path"] = getattr(value, "method", None), getattr(value, "path", None)
        else:
            context[key] = _plain(value)
    if record.exc_info and record.exc_info[1] is not None:
        context["exception"] = exception_facts(record.exc_info[1])
    return context


def _timestamp(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(record.msecs):03d}Z"


class JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        return _encode(
            {
                "timestamp": _timestamp(record),
                "level": record.levelname,
                "service": self.service,
                "tenant_id": tenant_id(),
                "correlation_id": correlation_id(),
                "message": record.getMessage(),
                "context": {"logger": record.name, **context_of(record)},
            }
        ).decode()


def _on_one_line(value: object) -> str:
    """Control characters escaped: what a caller sent can't pass for a line of its own, or move the terminal's cursor."""
    text = str(value)
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


class ConsoleFormatter(logging.Formatter):
    """`12:00:00.123 INFO    payments  message  key=value …` with the frames of an exception below."""

    def format(self, record: logging.LogRecord) -> str:
        context = context_of(record)
        exception = context.pop("exception", None)
        who = {"tenant": tenant_id(), "correlation": correlation_id()}
        fields = " ".join(f"{key}={_on_one_line(value)}" for key, value in {**context, **who}.items() if value is not None)
        line = f"{_timestamp(record)[11:23]} {record.levelname:<7} {record.name}  {_on_one_line(record.getMessage())}  {fields}".rstrip()
        if not isinstance(exception, dict):
            return line
        frames = "".join(f"\n    {frame}" for frame in exception["frames"])
        return f"{line}{frames}\n    {exception['type']}: {exception['message']}"


def logging_config(*, service: str, json: bool, level: str = "INFO") -> dict[str, object]:
    """A dictConfig that sends everything to stderr; libraries that tell each step start at WARNING."""
    formatter: dict[str, object] = {"()": JsonFormatter, "service": service} if json else {"()": ConsoleFormatter}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django gives these handlers of its own; the root's handler is enough.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            **{name: {"level": "WARNING"} for name in _CHATTY},
        },
    }
