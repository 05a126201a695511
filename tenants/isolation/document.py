"""The published API document as a list of things to attack, and bodies that come as far as possible."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from payment_engine.api.json import Json

METHODS: Final = ("get", "post", "put", "patch", "delete")
_PLAIN_TEXTS: Final = ("1.00", "1", "EUR", "A", "2030-01-01", "isolation proof", "2030-01-01T00:00:00Z", "a@example.com")
_REFERS: Final = re.compile(r"([A-Z]?[a-z]+)(?:Id)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOperation:
    method: str
    path: str
    path_schemas: Mapping[str, Mapping[str, Any]]
    query_schemas: Mapping[str, Mapping[str, Any]]
    needed_query: frozenset[str]
    body_schema: Mapping[str, Any] | None
    needs_key: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        return self.method == "GET"


class ApiDocument:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def operations(self) -> Iterator[ApiOperation]:
        """What needs a token; what is public names nobody's objects."""
        for path, item in self._document["paths"].items():
            for method in METHODS:
                declared = item.get(method)
                if declared is None or not any("oauth2" in needed for needed in declared.get("security", ())):
                    continue
                parameters = [self._resolve(each) for each in (*item.get("parameters", ()), *declared.get("parameters", ()))]
                yield ApiOperation(
                    method=method.upper(),
                    path=path,
                    path_schemas={each["name"]: self._resolve(each["schema"]) for each in parameters if each["in"] == "path"},
                    query_schemas={each["name"]: self._resolve(each["schema"]) for each in parameters if each["in"] == "query"},
                    needed_query=frozenset(each["name"] for each in parameters if each["in"] == "query" and each.get("required")),
                    body_schema=self._body_of(declared),
                    needs_key=any(each["name"] == "Idempotency-Key" for each in parameters),
                )

    def example(self, schema: Mapping[str, Any], ids: Iterable[str], own: Mapping[str, str], name: str = "") -> Json:
        """A body this schema accepts: `ids` wherever something is referred to, `own` for properties known by name."""
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return "EUR" if "EUR" in schema["enum"] else schema["enum"][0]
        choices = schema.get("anyOf") or schema.get("oneOf")
        kind = schema.get("type")
        if choices and kind is None:
            return self.example(choices[0], ids, own, name)
        if kind == "object" or "properties" in schema:
            return self._object(schema, ids, own)
        if kind == "array":
            return [self.example(schema.get("items", {}), ids, own, name)]
        if kind in {"integer", "number"}:
            return schema.get("minimum", 1)
        return True if kind == "boolean" else _text(schema, tuple(ids), own, name)

    def query(self, operation: ApiOperation, own: Mapping[str, str], *, more: Iterable[str] = ()) -> str:
        """The parameters an operation needs, and `more` of those it takes, as a query string."""
        names = [name for name in operation.query_schemas if name in operation.needed_query or name in more]
        values = {name: str(self.example(operation.query_schemas[name], (), own, name)) for name in names}
        return f"?{urlencode(values)}" if values else ""

    def _object(self, schema: Mapping[str, Any], ids: Iterable[str], own: Mapping[str, str]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = list(schema.get("required", ())) or list(properties)[:1]
        return {name: self.example(properties[name], ids, own, name) for name in names if name in properties}

    def _body_of(self, declared: Mapping[str, Any]) -> Mapping[str, Any] | None:
        content = self._resolve(declared.get("requestBody", {})).get("content", {})
        media = content.get("application/json")
        return None if media is None else self._resolve(media["schema"])

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self._document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema


def fits(schema: Mapping[str, Any], text: str) -> bool:
    pattern = schema.get("pattern")
    return pattern is None or re.search(pattern, text) is not None


def refers(schema: Mapping[str, Any], name: str, ids: Iterable[str]) -> str | None:
    """The id that a property of this name and pattern refers to: by a pattern only ids fit, or by its name (debtorAccount)."""
    fitting = [each for each in ids if fits(schema, each)]
    if fitting and not any(fits(schema, text) for text in _PLAIN_TEXTS):
        return fitting[0]
    word = _REFERS.search(name)
    prefix = f"{word.group(1).lower()[:3]}_" if word and name.endswith(("Id", "Account", "Payment", "Customer")) else None
    return next((each for each in fitting if prefix and each.startswith(prefix)), None)


def _text(schema: Mapping[str, Any], ids: tuple[str, ...], own: Mapping[str, str], name: str) -> str:
    referred = refers(schema, name, ids)
    if referred is not None:
        return referred
    if name in own:
        return own[name]
    return next((text for text in _PLAIN_TEXTS if fits(schema, text)), "A")
