"""The regenerated schemas are the official ones: compared structure by structure wherever both exist."""

import pytest
from lxml import etree

from iso20022 import schemas
from iso20022.regenerate import XS, xsd_of

XSD = f"{{{XS}}}"
OFFICIAL_AND_REGENERATED = [
    *(f"pain.001.001.{version:02}" for version in range(3, 13)),
    "pain.002.001.03",
    "pain.002.001.12",
    "pain.002.001.14",
]


def structure(xsd: bytes) -> dict[str, object]:
    """Every reachable type of a schema as plain values, without names of simple types, order of facets or comments."""
    root = etree.fromstring(xsd)
    named = {str(node.get("name")): node for node in root if node.tag in {f"{XSD}complexType", f"{XSD}simpleType"}}
    reached: dict[str, object] = {}

    def type_of(owner: etree._Element) -> object:
        inline = owner.find(f"{XSD}simpleType")
        if inline is not None:
            return simple(inline)
        name = str(owner.get("type"))
        if name.startswith("xs:"):
            return (name, ())
        if named[name].tag == f"{XSD}simpleType":
            return simple(named[name])
        if name not in reached:
            reached[name] = None
            reached[name] = content(named[name])
        return name

    def simple(node: etree._Element) -> object:
        restriction = node.find(f"{XSD}restriction")
        assert restriction is not None
        base = str(restriction.get("base"))
        facets = {(str(etree.QName(facet).localname), str(facet.get("value"))) for facet in restriction}
        if base.startswith("xs:"):
            return (base, tuple(sorted(facets)))
        inherited = simple(named[base])
        assert isinstance(inherited, tuple)
        return (inherited[0], tuple(sorted(facets | set(inherited[1]))))

    def content(node: etree._Element) -> object:
        extension = node.find(f"{XSD}simpleContent/{XSD}extension")
        if extension is not None:
            attributes = [(a.get("name"), a.get("use", "optional"), type_of(a)) for a in extension]
            return ("value", simple(named[str(extension.get("base"))]), attributes)
        group = node[0]
        if len(group) == 1 and group[0].tag == f"{XSD}choice":
            group = group[0]  # the 2009 generation wraps each choice in a sequence of one
        return (str(etree.QName(group).localname), [particle(child) for child in group])

    def particle(node: etree._Element) -> object:
        occurrence = (node.get("minOccurs", "1"), node.get("maxOccurs", "1"))
        if node.tag == f"{XSD}any":
            return ("any", node.get("namespace", "##any"), node.get("processContents"), occurrence)
        return (node.get("name"), occurrence, type_of(node))

    element = root.find(f"{XSD}element")
    assert element is not None
    return {"root": (element.get("name"), type_of(element)), "types": reached}


@pytest.mark.parametrize("message_type", OFFICIAL_AND_REGENERATED)
def test_regenerated_schema_has_the_structure_of_the_official_one(message_type: str) -> None:
    official = structure(schemas.official_xsd(message_type))
    regenerated = structure(xsd_of(schemas.dataclass_source(message_type), message_type))

    assert regenerated == official


def test_regenerating_twice_gives_the_same_bytes() -> None:
    source = schemas.dataclass_source("camt.053.001.08")

    assert xsd_of(source, "camt.053.001.08") == xsd_of(source, "camt.053.001.08")
