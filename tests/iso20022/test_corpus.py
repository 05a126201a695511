"""The `pain001` package brings files that use every element of every version: we read them all, as the official schema judges them."""

from importlib.metadata import distribution
from pathlib import Path

import pytest
from lxml import etree

from iso20022 import schemas
from iso20022.pain001.reader import VERSIONS, read_pain001
from tests.iso20022.builders import TODAY

CORPUS = Path(str(distribution("pain001").locate_file("pain001/corpus/data/coverage")))
SAMPLES = sorted(path for version in VERSIONS for path in (CORPUS / version).glob("*.xml"))


def test_every_version_has_samples() -> None:
    assert {path.parent.name for path in SAMPLES} == set(VERSIONS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_our_verdict_is_that_of_the_official_schema(path: Path) -> None:
    document = path.read_bytes()
    official = etree.XMLSchema(etree.fromstring(schemas.xsd_text(path.parent.name)))
    expected = official.validate(etree.fromstring(document))

    message = read_pain001(document, today=TODAY)

    refused_by_schema = any(finding.code == "FF01" for finding in message.findings.reported)
    assert refused_by_schema is not expected
    assert message.message_type == path.parent.name


@pytest.mark.parametrize("path", SAMPLES[::7], ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_leaving_out_any_element_gets_the_verdict_of_the_official_schema(path: Path) -> None:
    """Part by part validation must agree with validation of the whole, whatever is missing or stands twice."""
    message_type = path.parent.name
    official = etree.XMLSchema(etree.fromstring(schemas.xsd_text(message_type)))
    root = etree.fromstring(path.read_bytes())
    elements = [element for element in root.iter() if isinstance(element.tag, str) and element is not root]
    for element in elements[:: max(1, len(elements) // 60)]:
        for mutant in _mutants(root, element):
            refused = read_pain001(mutant, today=TODAY).findings.refuse_group
            expected = official.validate(etree.fromstring(mutant))
            assert refused or expected, mutant
            if not expected:
                assert refused
            else:
                findings = read_pain001(mutant, today=TODAY).findings.reported
                assert all(finding.code != "FF01" for finding in findings), findings


def _mutants(root: etree._Element, element: etree._Element) -> list[bytes]:
    """The document without the element, with it twice, and with it at the end of its parent."""
    parent = element.getparent()
    assert parent is not None
    index = parent.index(element)
    parent.remove(element)
    missing = etree.tostring(root)
    parent.append(element)
    last = etree.tostring(root)
    parent.remove(element)
    parent.insert(index, element)
    twice = etree.fromstring(etree.tostring(root))
    twin = list(twice.iter())[list(root.iter()).index(element)]
    twin.addnext(etree.fromstring(etree.tostring(twin)))
    return [missing, last, etree.tostring(twice)]
