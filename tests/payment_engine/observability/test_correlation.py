from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from uuid_utils import UUID

from payment_engine.observability.correlation import correlated, correlation_id, correlation_middleware


def echo(offered: str | None) -> tuple[str, str]:
    """What the view saw and what the caller got."""
    seen: list[Any] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(correlation_id())
        return HttpResponse()

    extra = {} if offered is None else {"HTTP_X_CORRELATION_ID": offered}
    response = correlation_middleware(view)(RequestFactory().get("/", **extra))  # type: ignore[arg-type]
    return seen[0], response.headers["X-Correlation-ID"]


@pytest.mark.parametrize("offered", ["7", "a.b-c_D:" + "1" * 120, "018f4c2e-7d3a-7000-8000-000000000001"])
def test_a_safe_id_is_kept_and_returned(offered: str) -> None:
    assert echo(offered) == (offered, offered)


@pytest.mark.parametrize(
    "offered", [None, "", "x" * 129, "with space", "new\nline00", "ünïcödé-id", '"quoted-id"', "12345678\n", "٠١٢٣٤٥٦٧"]
)
def test_any_other_is_replaced_by_a_new_one(offered: str | None) -> None:
    seen, returned = echo(offered)
    assert seen == returned != offered
    assert UUID(returned).version == 7


def test_nothing_stays_behind_after_a_request() -> None:
    echo("12345678")
    assert correlation_id() is None


def test_work_outside_requests_is_correlated_too() -> None:
    with correlated("outer-id-1") as outer:
        with correlated() as inner:
            assert correlation_id() == inner != outer
        assert correlation_id() == "outer-id-1"
    assert correlation_id() is None
