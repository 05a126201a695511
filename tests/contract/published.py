"""The published document, looked into: references followed, operations found by their id, answers held against it."""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from payment_engine.api.document import rendered_document

METHODS = ("get", "post", "put", "patch", "delete")


class Document:
    @cached_property
    def whole(self) -> Any:
        return json.loads(rendered_document("json"))

    def at(self, node: Any) -> Any:
        """The node, or what it refers to."""
        while "$ref" in node:
            target = self.whole
            for token in node["$ref"].removeprefix("#/").split("/"):
                target = target[token]
            node = target
        return node

    @cached_property
    def operations(self) -> dict[str, Any]:
        """By id."""
        found = (methods[method] for methods in self.whole["paths"].values() for method in METHODS if method in methods)
        return {operation["operationId"]: operation for operation in found}

    def headers(self, operation_id: str, status: int) -> dict[str, Any]:
        """Of an answer, by their names in small letters."""
        answer = self.at(self.operations[operation_id]["responses"][str(status)])
        return {name.lower(): self.at(header) for name, header in answer.get("headers", {}).items()}

    def schema(self, schema: Any) -> Any:
        """Fit to be validated against."""
        return {**schema, "components": self.whole["components"]}

    def media_with_examples(self) -> Iterator[tuple[str, Any]]:
        """Where each example stands, and its media type object."""
        for name, operation in self.operations.items():
            contents = {"body": operation.get("requestBody", {}), **operation["responses"]}
            for place, content in contents.items():
                for kind, media in self.at(content).get("content", {}).items():
                    if "example" in media:
                        yield f"{name} {place} {kind}", media
