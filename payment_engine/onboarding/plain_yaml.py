"""YAML that says what JSON can: one document, each member once, nothing written by reference, no number rounded."""

from pathlib import Path
from typing import Any, Final

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError

from payment_engine.api.json import NESTING_MAX
from payment_engine.errors import Malformed

BYTES_MAX: Final = 1 << 20
_DIGITS_MAX: Final = 18


def read_yaml(path: Path) -> dict[str, Any]:
    """The members of the file. Raises Malformed, which names the file and the line, for anything else."""
    try:
        with path.open("rb") as file:
            text = file.read(BYTES_MAX + 1)
    except OSError as error:
        raise Malformed(f"{path} can't be read: {error.strerror}") from None
    if len(text) > BYTES_MAX:
        raise Malformed(f"{path} is larger than {BYTES_MAX} bytes")
    try:
        document = yaml.load(text.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}, line {line}: this is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(f"{path}, line {mark.line + 1 if mark else 1}: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise Malformed(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        found = "nothing" if document is None else "a list" if isinstance(document, list) else "a single value"
        raise Malformed(f"{path} holds {found}: it says what the tenant is, member by member, and begins like `tenantId: north-bank`")
    return document


class _Loader(yaml.SafeLoader):
    """Numbers with a point and dates stay as they are written: an amount is never a float."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuses aliases, of which a short file can make a document that fills the memory, and deep nesting before it is followed."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it out
        if self.check_event(yaml.AliasEvent):
            raise ComposerError(None, None, "nothing is read by reference (*) here: write it out", mark)
        if self._depth > NESTING_MAX:
            raise ComposerError(None, None, f"this is nested more than {NESTING_MAX} levels deep", mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # as the base has it
        members: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ConstructorError(None, None, "the name of a member is a word", key.start_mark)
            name = _as_written(self, key)
            if name in members:
                raise ConstructorError(None, None, f"{name[:100]!r} is given twice", key.start_mark)
            members[name] = self.construct_object(value, deep=deep)
        return members


def _as_written(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConstructorError(None, None, "half of a surrogate pair is no character", node.start_mark) from None
    return text


def _whole_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if len(node.value) > _DIGITS_MAX + 1:
        raise ConstructorError(None, None, f"a whole number has at most {_DIGITS_MAX} digits; put a text in quotes", node.start_mark)
    try:
        return int(loader.construct_yaml_int(node))
    except ValueError:
        raise ConstructorError(None, None, f"{node.value!r} is no number", node.start_mark) from None


def _unknown(_loader: yaml.SafeLoader, node: yaml.Node) -> None:
    raise ConstructorError(None, None, f"{node.tag.replace('tag:yaml.org,2002:', '!!')} is not read here", node.start_mark)


for _tag in ("float", "timestamp", "str", "value"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _as_written)
for _tag in ("binary", "omap", "pairs", "set", "merge"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _unknown)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)
_Loader.add_constructor(None, _unknown)
