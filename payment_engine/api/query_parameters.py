"""Declared query parameters: `field`, `field[gte]`, `field[lte]`. What is not declared is refused, not ignored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from django.http import HttpRequest

from payment_engine.api.errors import ParameterInvalid, UnknownParameter
from payment_engine.api.json import decode_special
from payment_engine.api.pagination import PAGE_PARAMETERS
from payment_engine.errors import FieldError

_NAME_SHOWN: Final = 100
_WRITTEN_AS_JSON: Final[Mapping[type, str]] = {int: "a whole number", bool: "true or false"}
Comparison = Literal["eq", "gte", "lte"]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=140)]
_LOOKUPS: Final[Mapping[Comparison, str]] = {"eq": "exact", "gte": "gte", "lte": "lte"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryParameter:
    """One parameter an operation knows. `type` is anything msgspec can convert a text to; `column` is its name inside."""

    name: str
    type: Any = ShortText
    column: str = ""
    ranged: bool = False
    required: bool = False
    description: str = ""

    def spellings(self) -> Iterator[tuple[str, Comparison]]:
        yield self.name, "eq"
        if self.ranged:
            yield f"{self.name}[gte]", "gte"
            yield f"{self.name}[lte]", "lte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition of a query, with the value in its type."""

    column: str
    comparison: Comparison
    value: Any

    @property
    def lookup(self) -> str:
        """Django's name of the comparison."""
        return _LOOKUPS[self.comparison]


def read_query(request: HttpRequest, *declared: QueryParameter, paged: bool = False) -> tuple[Criterion, ...]:
    """The conditions in the query. 400 for an unknown parameter, one given twice or missing, or a value that can't be read."""
    spellings = {spelling: (parameter, comparison) for parameter in declared for spelling, comparison in parameter.spellings()}
    criteria = []
    for name, values in request.GET.lists():
        if len(values) != 1:
            raise _invalid(name, "this parameter is given more than once")
        if name in spellings:
            parameter, comparison = spellings[name]
            value = _convert(name, str(values[0]), parameter.type)
            criteria.append(Criterion(column=parameter.column or parameter.name, comparison=comparison, value=value))
        elif not (paged and name in PAGE_PARAMETERS):
            raise _unknown(name)
    for parameter in declared:
        if parameter.required and parameter.name not in request.GET:
            raise _invalid(parameter.name, "this parameter is required", code="required")
    return tuple(criteria)


def refuse_query(request: HttpRequest) -> None:
    """For operations without query parameters."""
    if request.META.get("QUERY_STRING"):
        read_query(request)


def as_filters(criteria: tuple[Criterion, ...]) -> dict[str, Any]:
    """The conditions as keyword arguments of `QuerySet.filter`."""
    return {f"{criterion.column}__{criterion.lookup}": criterion.value for criterion in criteria}


def _convert(name: str, text: str, expected: Any) -> Any:  # noqa: ANN401 the type is data here
    if "\x00" in text:
        raise _invalid(name, "text can't contain the NUL character")
    base = _base(expected)
    try:
        if base in _WRITTEN_AS_JSON:
            return msgspec.json.decode(text.encode(), type=expected)
        value = msgspec.convert(text, type=expected, dec_hook=decode_special)
        return _in_utc(value) if isinstance(value, datetime) else value
    except msgspec.ValidationError as error:
        raise _invalid(name, str(error)) from None
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise _invalid(name, f"this is not {_WRITTEN_AS_JSON.get(base, 'text')}") from None


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # at either end of the calendar
        return moment


def _base(expected: Any) -> Any:  # noqa: ANN401 as above
    return get_args(expected)[0] if get_origin(expected) is Annotated else expected


def _unknown(name: str) -> UnknownParameter:
    detail = "this query parameter is not known here"
    error = FieldError(pointer=f"?{name[:_NAME_SHOWN]}", code=UnknownParameter.code, detail=detail)
    return UnknownParameter(f"unknown query parameter {name[:_NAME_SHOWN]!r}", errors=(error,))


def _invalid(name: str, detail: str, code: str = ParameterInvalid.code) -> ParameterInvalid:
    error = FieldError(pointer=f"?{name[:_NAME_SHOWN]}", code=code, detail=detail)
    return ParameterInvalid(f"{name[:_NAME_SHOWN]}: {detail}", errors=(error,))
