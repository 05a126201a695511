"""Pages, filters and entity tags."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from payment_engine.api.errors import CursorInvalid, CursorUnknown, ParameterInvalid, PreconditionRequired, StaleVersion, UnknownParameter
from payment_engine.api.etags import check_if_match, content_etag, not_modified, version_etag
from payment_engine.api.pagination import CURSOR_PATTERN, Keyset, newest_first, page_parameters
from payment_engine.api.query_parameters import Criterion, as_filters, read_query
from payment_engine.errors import Malformed
from tests.payment_engine.api.site import KEYSET, QUERY, TOYS, Material

READ = {"HTTP_X_SCOPES": "payments:read"}


def get(**query: Any) -> HttpRequest:
    return RequestFactory().get("/x", query)


class TestCursors:
    @given(at=st.datetimes(timezones=st.just(UTC)), row=st.uuids())
    def test_a_cursor_gives_back_its_position(self, at: datetime, row: UUID) -> None:
        assert KEYSET.position_of(KEYSET.cursor_of((at, row))) == (at, row)

    def test_a_cursor_is_url_safe(self) -> None:
        cursor = KEYSET.cursor_of((datetime(2026, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1)))
        assert cursor.replace("-", "").replace("_", "").isalnum()

    def test_a_cursor_of_another_list_is_refused(self) -> None:
        with pytest.raises(CursorUnknown):
            KEYSET.position_of(newest_first("others").cursor_of((datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1))))

    @given(st.text(max_size=600))
    def test_any_text_is_refused(self, cursor: str) -> None:
        with pytest.raises((CursorInvalid, CursorUnknown)):
            KEYSET.position_of(cursor)

    @pytest.mark.parametrize("cursor", ["", "garbage", "x" * 513, "a" * 30 + "\n", "a" * 30 + "=", "é" * 30])
    def test_what_is_no_cursor_is_invalid(self, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            KEYSET.position_of(cursor)

    @given(st.from_regex(CURSOR_PATTERN.replace("$", r"\Z")))
    def test_an_invented_text_of_the_right_form_is_an_unknown_cursor(self, cursor: str) -> None:
        with pytest.raises(CursorUnknown):
            KEYSET.position_of(cursor)

    @given(position=st.integers(min_value=0, max_value=70), bit=st.integers(min_value=0, max_value=5))
    def test_a_changed_cursor_is_refused(self, position: int, bit: int) -> None:
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        cursor = KEYSET.cursor_of((datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)))
        changed = alphabet[alphabet.index(cursor[position]) ^ (1 << bit)]
        with pytest.raises(CursorUnknown):
            KEYSET.position_of(cursor[:position] + changed + cursor[position + 1 :])

    def test_other_orders_keep_their_types(self) -> None:
        by_sequence: Keyset[tuple[int, str]] = Keyset(
            name="events", columns=("sequence", "kind"), key_type=tuple[int, str], descending=False
        )
        assert by_sequence.position_of(by_sequence.cursor_of((7, "x"))) == (7, "x")


class TestPages:
    def test_a_cursor_is_good_for_the_filters_it_was_given_with(self, client: Client) -> None:
        def toys(**query: str) -> Any:
            return client.get("/api/v1/toys", query, **READ)  # type: ignore[arg-type]  # READ is of header fields

        cursor = toys(limit="1", colour="RED").json()["nextCursor"]
        assert toys(cursor=cursor, colour="RED", limit="3").status_code == 200
        for other in ({}, {"sold": "true"}, {"colour": "BLUE"}):
            answer = toys(cursor=cursor, **other)
            assert (answer.status_code, answer.json()["code"]) == (404, "cursor_unknown")

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1.5", "٥", "9" * 5000])
    def test_a_limit_out_of_range_is_refused(self, limit: str) -> None:
        with pytest.raises(ParameterInvalid) as caught:
            page_parameters(get(limit=limit), KEYSET)
        assert caught.value.errors[0].pointer == "?limit"

    def test_the_limit_is_fifty_unless_given(self) -> None:
        assert [page_parameters(get(**query), KEYSET).limit for query in ({}, {"limit": "1"}, {"limit": "200"})] == [50, 1, 200]

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
    def test_walking_the_pages_meets_every_row_once_newest_first(self, client: Client, limit: int) -> None:
        met, cursor = [], None
        while True:
            query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            body = client.get("/api/v1/toys", query, **READ).json()  # type: ignore[arg-type]
            met += [toy["toyName"] for toy in body["data"]]
            assert len(body["data"]) <= limit
            assert body["hasMore"] is (body["nextCursor"] is not None)
            if not body["hasMore"]:
                break
            cursor = body["nextCursor"]
        assert met == [row.hex for _, row in TOYS]

    def test_a_queryset_is_cut_by_a_row_comparison_and_one_more_row(self) -> None:
        from django.contrib.contenttypes.models import ContentType

        keyset: Keyset[tuple[str, int]] = Keyset(name="types", columns=("model", "id"), key_type=tuple[str, int])
        cursor = page_parameters(get(limit="10"), keyset).keyset.cursor_of(("payment", 5))
        page = page_parameters(get(limit="10", cursor=cursor), keyset)
        sql = str(page.slice(ContentType.objects.all()).query)
        assert "(payment, 5)" in sql
        assert sql.endswith('ORDER BY "django_content_type"."model" DESC, "django_content_type"."id" DESC LIMIT 11')


class TestFilters:
    def test_declared_parameters_become_criteria(self) -> None:
        request = get(**{"colour": "RED", "createdAt[gte]": "2026-01-01T00:00:00Z", "limit": "5"})
        criteria = read_query(request, *QUERY, paged=True)
        assert criteria == (
            Criterion(column="colour", comparison="eq", value="RED"),
            Criterion(column="created_at", comparison="gte", value=datetime(2026, 1, 1, tzinfo=UTC)),
        )
        assert as_filters(criteria) == {"colour__exact": "RED", "created_at__gte": datetime(2026, 1, 1, tzinfo=UTC)}

    def test_values_come_in_their_type(self) -> None:
        criteria = read_query(get(paws="4", sold="true", day="2026-02-28", maker="é", material="TIN"), *QUERY)
        assert [criterion.value for criterion in criteria] == [4, True, date(2026, 2, 28), "é", Material.TIN]

    @pytest.mark.parametrize("name", ["color", "colour[gte]", "createdAt[lt]", "created_at", "limit", ""])
    def test_what_is_not_declared_is_refused(self, name: str) -> None:
        with pytest.raises(UnknownParameter) as caught:
            read_query(get(**{name: "1"}), *QUERY)
        assert caught.value.errors[0].pointer == f"?{name}"

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("colour=GREEN", "?colour"),
            ("colour=RED&colour=BLUE", "?colour"),
            ("createdAt[gte]=yesterday", "?createdAt[gte]"),
            ("createdAt=2026-01-01T00:00:00", "?createdAt"),
            ("material=GOLD", "?material"),
            ("maker=%00", "?maker"),
            ("maker=", "?maker"),
            ("createdAt=0.5", "?createdAt"),
            ("day=2026-02-30", "?day"),
            ("paws=9", "?paws"),
            ("paws[gte]=1.5", "?paws[gte]"),
            ("paws=%2B1", "?paws"),
            ("sold=1", "?sold"),
            ("sold=True", "?sold"),
        ],
    )
    def test_what_can_not_be_read_is_refused(self, query: str, pointer: str) -> None:
        with pytest.raises(ParameterInvalid) as caught:
            read_query(RequestFactory().get(f"/x?{query}"), *QUERY)
        assert caught.value.errors[0].pointer == pointer

    @given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=3))
    def test_any_query_is_read_or_refused(self, query: dict[str, str]) -> None:
        with suppress(Malformed):
            read_query(get(**query), *QUERY, paged=True)


class TestEntityTags:
    def test_the_right_tag_passes(self) -> None:
        for header in ('"v3"', '"v1", "v3"', "*"):
            check_if_match(RequestFactory().patch("/x", HTTP_IF_MATCH=header), version_etag(3))

    @pytest.mark.parametrize("header", ['"v2"', 'W/"v3"', "v3", "", '"V3"'])
    def test_any_other_tag_is_stale(self, header: str) -> None:
        with pytest.raises(StaleVersion) as caught:
            check_if_match(RequestFactory().patch("/x", HTTP_IF_MATCH=header), version_etag(3))
        assert caught.value.headers == {"ETag": '"v3"'}

    def test_a_weak_tag_never_matches_strongly(self) -> None:
        tag = content_etag(b"x")
        with pytest.raises(StaleVersion):
            check_if_match(RequestFactory().patch("/x", HTTP_IF_MATCH=tag), tag)

    def test_an_absent_tag_matters_only_where_it_is_required(self) -> None:
        check_if_match(RequestFactory().patch("/x"), version_etag(3))
        with pytest.raises(PreconditionRequired):
            check_if_match(RequestFactory().patch("/x"), version_etag(3), required=True)

    @pytest.mark.parametrize(("header", "fresh"), [('"v3"', True), ('W/"v3"', True), ("*", True), ('"v2"', False), (None, False)])
    def test_a_reader_with_the_current_copy_gets_304(self, header: str | None, *, fresh: bool) -> None:
        extra = {} if header is None else {"HTTP_IF_NONE_MATCH": header}
        response = not_modified(RequestFactory().get("/x", **extra), version_etag(3))  # type: ignore[arg-type]
        assert (response is not None and response.status_code == 304) is fresh
