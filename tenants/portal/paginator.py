"""Pages of tables that are too big to count."""

from typing import Any, Final

from django.core.paginator import EmptyPage, Page, Paginator

LAST_PAGE: Final = 200
_UNCOUNTED: Final = 1 << 40


class UncountedPage(Page):  # type: ignore[type-arg]  # generic in the stubs only
    """Knows from one row more than it shows whether there is a next page."""

    def __init__(self, rows: list[Any], number: int, paginator: "UncountedPaginator") -> None:
        super().__init__(rows[: paginator.per_page], number, paginator)
        self._more = len(rows) > paginator.per_page

    def has_next(self) -> bool:
        return self._more and self.number < LAST_PAGE


class UncountedPaginator(Paginator):  # type: ignore[type-arg]  # as above
    """Never asks how many rows there are, and turns no more than 200 pages: further back is what filters are for."""

    template_name = "portal/pagination.html"
    shown: UncountedPage | None = None

    @property
    def count(self) -> int:
        return _UNCOUNTED

    def page(self, number: int | str) -> UncountedPage:
        wanted = self.validate_number(number)
        if wanted > LAST_PAGE:
            raise EmptyPage("narrow the list by a filter or a search")
        start = (wanted - 1) * self.per_page
        self.shown = UncountedPage(list(self.object_list[start : start + self.per_page + 1]), wanted, self)
        return self.shown
