"""The published OpenAPI 3.1 document: drf-spectacular's, the operations that lean views declare, and the problems that all may answer."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.db.models import Choices
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from payment_engine.api import response_headers
from payment_engine.api.amount_schemas import amount_schema, tie_amounts_to_currency
from payment_engine.api.amounts import AmountInput
from payment_engine.api.authentication import PrincipalAuthentication
from payment_engine.api.document_headers import Traits
from payment_engine.api.document_problems import SCHEMAS, ProblemResponses
from payment_engine.api.endpoints import X_CORRELATION_ID, X_TENANT_ID, HeaderParameter, Media, Operation, PageOf, operations_of
from payment_engine.api.json import Json, JsonObject
from payment_engine.api.pagination import CURSOR_PATTERN, LIMIT_DEFAULT, LIMIT_MAX
from payment_engine.api.query_parameters import QueryParameter
from payment_engine.api.response_headers import ResponseHeader
from payment_engine.api.scopes import SCOPES

REF: Final = "#/components/schemas/{name}"
_CONVERTER: Final = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
# PostgreSQL can't store NUL, so no text has it.
NO_NUL: Final = r"^[^\u0000]*$"
OAUTH2_SCHEME: Final[JsonObject] = {
    "type": "oauth2",
    "description": "Client credentials. The token binds the tenant; X-Tenant-ID is at most an assertion of the same tenant, "
    "and chooses one only for platform:admin.",
    "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": SCOPES}},
}
CLIENT_SCHEME: Final[JsonObject] = {
    "type": "http",
    "scheme": "basic",
    "description": "A client's id and secret; or both as `client_id` and `client_secret` of the form.",
}
_SHARED_PARAMETERS: Final = (X_TENANT_ID, X_CORRELATION_ID)
_PAGE_PARAMETERS: Final[tuple[JsonObject, ...]] = (
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}},
    {
        "name": "cursor",
        "in": "query",
        "description": "`nextCursor` of the page before",
        "schema": {"type": "string", "pattern": CURSOR_PATTERN},
    },
)


def id_schema(prefix: str) -> JsonObject:
    """Of a public id such as `pay_…`."""
    return {"type": "string", "pattern": f"^{prefix}_[0-9a-f]{{32}}$"}


def add_declared_operations(result: JsonObject, generator: object, request: object, public: bool) -> JsonObject:
    """POSTPROCESSING_HOOKS: merge the lean views' operations and the answers all have in common."""
    declared = list(declared_operations())
    types, components = _components([operation for _, _, operation in declared])
    paths: JsonObject = result.setdefault("paths", {})
    problems = ProblemResponses()
    for path, methods in paths.items():
        for document in methods.values():
            problems.add_to(path, document)
    for path, method, operation in declared:
        document = paths.setdefault(path, {})[method.lower()] = _operation(path, operation, types)
        problems.add_to(path, document, declared=operation.errors, common=not operation.own_errors)
    own = {
        "schemas": components,
        "headers": response_headers.components(),
        "parameters": {header.name: _header_parameter(header) for header in _SHARED_PARAMETERS},
        "responses": problems.components,
        "securitySchemes": {"oauth2": OAUTH2_SCHEME, "client": CLIENT_SCHEME},
    }
    for kind, entries in own.items():
        result.setdefault("components", {}).setdefault(kind, {}).update(entries)
    result["paths"] = dict(sorted(paths.items()))
    tags = {tag for operations in paths.values() for document in operations.values() for tag in document.get("tags", ())}
    result["tags"] = [{"name": tag} for tag in sorted(tags)]
    return result


def declared_operations() -> Iterator[tuple[str, str, Operation]]:
    """Path (as the document writes it), method and operation of every lean view."""
    return _declared(get_resolver().url_patterns, "/")


def _declared(patterns: Sequence[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str, Operation]]:
    for entry in patterns:
        if not isinstance(entry.pattern, RoutePattern):
            continue
        path = prefix + _CONVERTER.sub(lambda found: "{" + _camel(found["name"]) + "}", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _declared(entry.url_patterns, path)
        else:
            for method, operation in operations_of(entry.callback).items():
                yield path, method, operation


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


class _Types:
    """The JSON schemas of all declared types, made in one go so that equal names are told apart."""

    def __init__(self) -> None:
        self.wanted: list[Any] = []
        self.schemas: list[JsonObject] = []

    def of(self, wanted: Any) -> JsonObject:  # noqa: ANN401 types are data here
        return dict(self.schemas[self.wanted.index(wanted)])


def _types_of(operation: Operation) -> Iterator[Any]:
    for entry in (operation.body, *operation.answers.values()):
        match entry:
            case PageOf():
                yield entry.item
            case Media():
                yield from (kind for kind in entry.content.values() if not isinstance(kind, Mapping))
            case None:
                pass
            case _:
                yield entry
    yield from (parameter.type for parameter in operation.query)


def _components(operations: Sequence[Operation]) -> tuple[_Types, JsonObject]:
    types = _Types()
    for operation in operations:
        types.wanted.extend(kind for kind in _types_of(operation) if kind not in types.wanted)
    schemas, components = msgspec.json.schema_components(types.wanted, schema_hook=_special_schema, ref_template=REF)
    types.schemas = [_without_nul(schema) for schema in schemas]
    published = {name: tie_amounts_to_currency(_without_nul(schema)) for name, schema in components.items()}
    return types, published | SCHEMAS


def _special_schema(kind: type) -> JsonObject:
    if kind is AmountInput:
        return amount_schema()
    if issubclass(kind, Choices):
        return {"enum": list(kind.values)}
    raise NotImplementedError(f"no JSON schema for {kind!r}")


def _without_nul(schema: Json) -> Json:
    match schema:
        case Mapping():
            made = {name: _without_nul(member) for name, member in schema.items()}
            if made.get("type") == "string" and not made.keys() & {"pattern", "format", "enum", "const"}:
                made["pattern"] = NO_NUL
            if made.get("type") == "object" and isinstance(made.get("additionalProperties"), Mapping):
                made["propertyNames"] = {"pattern": NO_NUL, **made.get("propertyNames", {})}
            return made
        case list():
            return [_without_nul(member) for member in schema]
        case _:
            return schema


def _operation(path: str, operation: Operation, types: _Types) -> JsonObject:
    document: JsonObject = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": list(_parameters(path, operation, types)),
        "security": _security(operation),
    }
    if operation.description:
        document["description"] = operation.description
    if operation.body is not None:
        content = _content(operation.body, types, example=operation.example)
        document["requestBody"] = {"required": operation.body_required, "content": content}
    implied = Traits.of(path, document).answer_headers()
    document["responses"] = {
        str(status): _answer(
            status, answer, types, headers=(*implied, *operation.sends.get(status, ())), example=operation.answer_examples.get(status)
        )
        for status, answer in operation.answers.items()
    }
    return document


def _security(operation: Operation) -> list[JsonObject]:
    if operation.scopes:
        return [{"oauth2": list(operation.scopes)}]
    return [{scheme: list(scopes) for scheme, scopes in needed.items()} for needed in operation.credentials]


def _parameters(path: str, operation: Operation, types: _Types) -> Iterator[JsonObject]:
    schemas = {_camel(name): schema for name, schema in operation.path.items()}
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": dict(schemas.get(name, {"type": "string", "minLength": 1}))}
    for parameter in operation.query:
        yield from _query_parameters(parameter, types)
    if operation.paged:
        yield from _PAGE_PARAMETERS
    for header in operation.headers:
        yield _header_parameter(header)
    for header in _SHARED_PARAMETERS:
        if header is not X_TENANT_ID or operation.takes_tenant:
            yield {"$ref": f"#/components/parameters/{header.name}"}


def _query_parameters(parameter: QueryParameter, types: _Types) -> Iterator[JsonObject]:
    for spelling, _ in parameter.spellings():
        document: JsonObject = {"name": spelling, "in": "query", "schema": types.of(parameter.type)}
        if parameter.required:
            document["required"] = True
        yield document | ({"description": parameter.description} if parameter.description else {})


def _header_parameter(header: HeaderParameter) -> JsonObject:
    document: JsonObject = {"name": header.name, "in": "header", "required": header.required, "schema": dict(header.schema)}
    return document | ({"description": header.description} if header.description else {})


def _content(entry: Any, types: _Types, *, example: Any = None) -> JsonObject:  # noqa: ANN401 a type, PageOf or Media; JSON
    match entry:
        case Media():
            return {kind: _shown(_media_schema(schema, types), entry.examples.get(kind)) for kind, schema in entry.content.items()}
        case PageOf():
            return {"application/json": _shown(_page(types.of(entry.item)), None if example is None else _page_example(example))}
        case _:
            return {"application/json": _shown(types.of(entry), example)}


def _shown(schema: JsonObject, example: Json) -> JsonObject:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _media_schema(schema: Any, types: _Types) -> JsonObject:  # noqa: ANN401 a JSON schema or a type
    return dict(schema) if isinstance(schema, Mapping) else types.of(schema)


def _page(item: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "required": ["data", "hasMore", "nextCursor"],
        "properties": {
            "data": {"type": "array", "items": item, "maxItems": LIMIT_MAX},
            "hasMore": {"type": "boolean"},
            "nextCursor": {"type": ["string", "null"]},
        },
    }


def _page_example(item: Json) -> JsonObject:
    return {"data": [item], "hasMore": False, "nextCursor": None}


def _answer(
    status: int,
    answer: Any,  # noqa: ANN401 a type, PageOf, Media or None
    types: _Types,
    *,
    headers: tuple[ResponseHeader, ...],
    example: Json,
) -> JsonObject:
    document: JsonObject = {"description": HTTPStatus(status).phrase, "headers": response_headers.references(headers)}
    if answer is not None:
        document["content"] = _content(answer, types, example=example)
    return document


class PrincipalScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's registry is untyped
    """How a DRF view's authentication appears in the document."""

    target_class = PrincipalAuthentication
    name = "oauth2"

    def get_security_requirement(self, auto_schema: object) -> dict[str, list[str]]:
        view = getattr(auto_schema, "view", None)
        method = getattr(auto_schema, "method", "GET")
        return {self.name: list(getattr(view, "required_scopes", {}).get(method, ()))}

    def get_security_definition(self, auto_schema: object) -> JsonObject:
        return OAUTH2_SCHEME
