import re

import pytest

from payment_engine.api.catalogue import error_classes
from payment_engine.errors import EngineError, FieldError, NotFound, Unavailable, ValidationFailed


def test_an_error_keeps_what_explains_it() -> None:
    field = FieldError(pointer="/amount", code="amount_invalid", detail="too small")
    error = ValidationFailed("not valid", errors=[field], payment_id="pay_1")
    assert (error.detail, error.errors, error.headers, error.context) == ("not valid", (field,), {}, {"payment_id": "pay_1"})
    assert str(error) == "not valid"


def test_unavailable_says_when_to_come_back() -> None:
    assert Unavailable("later", retry_after_seconds=7, journal="jrn_1").headers == {"Retry-After": "7"}


@pytest.mark.parametrize("kind", sorted(error_classes(), key=repr), ids=repr)
def test_every_error_has_a_stable_code_an_http_error_status_and_a_title(kind: type[EngineError]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{2,63}", kind.code)
    assert 400 <= kind.status <= 599
    assert kind.title


def test_one_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in error_classes():
        statuses.setdefault(kind.code, set()).add(kind.status)
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}


def test_errors_are_caught_by_their_family() -> None:
    with pytest.raises(EngineError):
        raise NotFound("no such payment")
