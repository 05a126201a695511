"""Rebuilds a message's XSD from the dataclasses of the `pyiso20022` package, read as source text and never imported.

The package publishes each message version as dataclasses whose metadata carries every facet of the schema. Parsing the
module with `ast` costs about 0.1 s and no memory afterwards; importing it would cost both, and run code we don't need.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

XS: Final = "http://www.w3.org/2001/XMLSchema"

_BUILT_IN: Final = {
    "str": "xs:string",
    "Decimal": "xs:decimal",
    "bool": "xs:boolean",
    "XmlDate": "xs:date",
    "XmlDateTime": "xs:dateTime",
    "XmlTime": "xs:time",
    "bytes": "xs:base64Binary",
}
_FACETS: Final = {
    "min_inclusive": "minInclusive",
    "total_digits": "totalDigits",
    "fraction_digits": "fractionDigits",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
# Card dates are months; every other period of these messages is a year.
_MONTH_ELEMENTS: Final = frozenset({"FctvDt", "XpryDt"})
# These are choices without the usual ending in their name …
_UNNAMED_CHOICES: Final = frozenset({"CashAccountType2", "CashBalanceAvailabilityDate1"})
# … and these choices let a member be left out.
_OPTIONAL_MEMBERS: Final = frozenset({("References74Choice", "CtrPtyMktInfrstrctrTxId")})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    annotation: str
    metadata: dict[str, object]

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def type_name(self) -> str:
        return self.annotation.removeprefix("None | ").removeprefix("list[").removesuffix("]")

    @property
    def is_list(self) -> bool:
        return self.annotation.startswith("list[")

    @property
    def kind(self) -> str:
        return str(self.metadata.get("type", "Value"))


def xsd_of(source: str, message_type: str) -> bytes:
    """The XSD of `message_type` as UTF-8 text, the same bytes for the same source."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:{message_type}"
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    schema = etree.Element(
        f"{{{XS}}}schema",
        {"elementFormDefault": "qualified", "targetNamespace": namespace},
        nsmap=cast("dict[str, str]", {None: namespace, "xs": XS}),  # the stubs forgot the default namespace
    )
    root = next(node for node in reversed(classes) if _meta(node, "namespace") is not None)
    _sub(schema, "element", name=root.name, type=_base_of(root) or root.name)
    for node in classes:
        if node is not root or _base_of(node) is None:
            _write_type(schema, node)
    etree.indent(schema)
    return etree.tostring(schema, xml_declaration=True, encoding="UTF-8") + b"\n"


def _write_type(schema: etree._Element, node: ast.ClassDef) -> None:
    if _base_of(node) == "Enum":
        simple = _sub(_sub(schema, "simpleType", name=node.name), "restriction", base="xs:string")
        for value in _enumeration(node):
            _sub(simple, "enumeration", value=value)
        return
    fields = list(_fields(node))
    complex_type = _sub(schema, "complexType", name=node.name)
    if any(field.kind == "Value" for field in fields):
        _write_simple_content(schema, complex_type, node.name, fields)
    else:
        _write_particles(complex_type, node.name, fields)


def _write_simple_content(schema: etree._Element, complex_type: etree._Element, name: str, fields: list[_Field]) -> None:
    """A value with attributes (an amount with its currency): its facets need a named simple type to extend."""
    value = next(field for field in fields if field.kind == "Value")
    simple_name = f"{name}_SimpleType"
    _write_restriction(_sub(schema, "simpleType", name=simple_name), value)
    extension = _sub(_sub(complex_type, "simpleContent"), "extension", base=simple_name)
    for field in fields:
        if field.kind == "Attribute":
            attribute = _sub(extension, "attribute", name=field.name, use="required" if field.metadata.get("required") else "optional")
            _write_type_of(attribute, field)


def _write_particles(complex_type: etree._Element, class_name: str, fields: list[_Field]) -> None:
    is_choice = class_name.endswith("Choice") or class_name in _UNNAMED_CHOICES
    group = _sub(complex_type, "choice" if is_choice else "sequence")
    for field in fields:
        if field.kind == "Wildcard":
            _sub(group, "any", namespace="##any", processContents="lax")
            continue
        element = _sub(group, "element", name=field.name, **_occurrence(field, class_name, is_choice=is_choice))
        _write_type_of(element, field)


def _occurrence(field: _Field, class_name: str, *, is_choice: bool) -> dict[str, str]:
    optional_member = class_name.startswith("MandateRelatedData") or (class_name, field.name) in _OPTIONAL_MEMBERS
    if is_choice and not optional_member:
        minimum = "1"
    elif field.is_list:
        minimum = str(field.metadata.get("min_occurs", 0))
    else:
        minimum = "1" if field.metadata.get("required") else "0"
    maximum = str(field.metadata.get("max_occurs", "unbounded")) if field.is_list else "1"
    return {"minOccurs": minimum, "maxOccurs": maximum}


def _write_type_of(owner: etree._Element, field: _Field) -> None:
    if field.type_name not in _BUILT_IN and field.type_name != "XmlPeriod":
        owner.set("type", field.type_name)
    elif any(facet in field.metadata for facet in _FACETS):
        _write_restriction(_sub(owner, "simpleType"), field)
    else:
        owner.set("type", _built_in(field))


def _write_restriction(simple_type: etree._Element, field: _Field) -> None:
    restriction = _sub(simple_type, "restriction", base=_built_in(field))
    for key, facet in _FACETS.items():
        if key in field.metadata:
            _sub(restriction, facet, value=str(field.metadata[key]))


def _built_in(field: _Field) -> str:
    if field.type_name == "XmlPeriod":
        return "xs:gYearMonth" if field.name in _MONTH_ELEMENTS else "xs:gYear"
    return _BUILT_IN[field.type_name]


def _fields(node: ast.ClassDef) -> Iterator[_Field]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Call):
            metadata = next(keyword.value for keyword in statement.value.keywords if keyword.arg == "metadata")
            assert isinstance(metadata, ast.Dict), "a field's metadata is written as a dict display"  # noqa: S101  # the packages' own habit
            pairs = zip(metadata.keys, metadata.values, strict=True)
            yield _Field(
                annotation=ast.unparse(statement.annotation),
                metadata={str(_literal(key)): _literal(value) for key, value in pairs if key is not None},
            )


def _literal(node: ast.expr) -> object:
    """A literal, or the text inside `Decimal("…")`."""
    if isinstance(node, ast.Constant):
        return node.value
    return ast.literal_eval(node.args[0] if isinstance(node, ast.Call) else node)


def _enumeration(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            yield str(_literal(statement.value))


def _base_of(node: ast.ClassDef) -> str | None:
    return ast.unparse(node.bases[0]) if node.bases else None


def _meta(node: ast.ClassDef, name: str) -> str | None:
    for inner in node.body:
        if isinstance(inner, ast.ClassDef) and inner.name == "Meta":
            for statement in inner.body:
                if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
                    return str(_literal(statement.value))
    return None


def _sub(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XS}}}{tag}", attributes)
