"""The regenerated schemas are the official ones: compared structure by structure wherever both exist."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from iso20022 import schemas
from iso20022.errors import SchemaChanged
from iso20022.regenerate import XS, xsd_of
from iso20022.schema_manifest import MANIFEST

XSD = f"{{{XS}}}"
OFFICIAL_AND_REGENERATED = [
    *(f"pain.001.001.{version:02}" for version in range(3, 13)),
    "pain.002.001.03",
    "pain.002.001.12",
    "pain.002.001.14",
]


class Structure:
    """Every reachable type of a schema as plain values, without names of simple types, order of facets or comments."""

    def __init__(self, xsd: bytes) -> None:
        root = etree.fromstring(xsd)
        self._named = {str(node.get("name")): node for node in root if node.tag in {f"{XSD}complexType", f"{XSD}simpleType"}}
        self.types: dict[str, object] = {}
        element = root.find(f"{XSD}element")
        assert element is not None
        self.root = (element.get("name"), self._type_of(element))

    def _type_of(self, owner: etree._Element) -> object:
        inline = owner.find(f"{XSD}simpleType")
        if inline is not None:
            return self._simple(inline)
        name = str(owner.get("type"))
        if name.startswith("xs:"):
            return (name, ())
        if self._named[name].tag == f"{XSD}simpleType":
            return self._simple(self._named[name])
        if name not in self.types:
            self.types[name] = None
            self.types[name] = self._content(self._named[name])
        return name

    def _simple(self, node: etree._Element) -> object:
        restriction = node.find(f"{XSD}restriction")
        assert restriction is not None
        base = str(restriction.get("base"))
        facets = {(str(etree.QName(facet).localname), str(facet.get("value"))) for facet in restriction}
        if base.startswith("xs:"):
            return (base, tuple(sorted(facets)))
        inherited = self._simple(self._named[base])
        assert isinstance(inherited, tuple)
        return (inherited[0], tuple(sorted(facets | set(inherited[1]))))

    def _content(self, node: etree._Element) -> object:
        extension = node.find(f"{XSD}simpleContent/{XSD}extension")
        if extension is not None:
            attributes = [(a.get("name"), a.get("use", "optional"), self._type_of(a)) for a in extension]
            return ("value", self._simple(self._named[str(extension.get("base"))]), attributes)
        group = node[0]
        if len(group) == 1 and group[0].tag == f"{XSD}choice":
            group = group[0]  # the 2009 generation wraps each choice in a sequence of one
        return (str(etree.QName(group).localname), [self._particle(child) for child in group])

    def _particle(self, node: etree._Element) -> object:
        occurrence = (node.get("minOccurs", "1"), node.get("maxOccurs", "1"))
        if node.tag == f"{XSD}any":
            return ("any", node.get("namespace", "##any"), node.get("processContents"), occurrence)
        return (node.get("name"), occurrence, self._type_of(node))


@pytest.mark.parametrize("message_type", OFFICIAL_AND_REGENERATED)
def test_regenerated_schema_has_the_structure_of_the_official_one(message_type: str) -> None:
    official = Structure(schemas.official_xsd(message_type))
    regenerated = Structure(xsd_of(schemas.dataclass_source(message_type), message_type))

    assert regenerated.root == official.root
    assert regenerated.types == official.types


def test_regenerating_twice_gives_the_same_bytes() -> None:
    source = schemas.dataclass_source("camt.053.001.08")

    assert xsd_of(source, "camt.053.001.08") == xsd_of(source, "camt.053.001.08")


@pytest.mark.parametrize("message_type", MANIFEST)
def test_every_schema_of_the_manifest_has_its_hash_and_compiles(message_type: str) -> None:
    assert schemas.compiled(message_type).validate(etree.fromstring("<nothing/>")) is False


def test_a_changed_dependency_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MANIFEST, "camt.053.001.08", MANIFEST["camt.053.001.02"])
    schemas.xsd_text.cache_clear()

    with pytest.raises(SchemaChanged):
        schemas.xsd_text("camt.053.001.08")

    schemas.xsd_text.cache_clear()


def test_each_thread_has_its_own_compiled_schema() -> None:
    with ThreadPoolExecutor(max_workers=1) as pool:
        elsewhere = pool.submit(schemas.compiled, "pain.001.001.09").result()

    assert schemas.compiled("pain.001.001.09") is schemas.compiled("pain.001.001.09")
    assert elsewhere is not schemas.compiled("pain.001.001.09")
