"""The XSD of each message version, from installed packages, checked against committed hashes, compiled once per thread.

`pain001` ships official files; `pyiso20022` ships dataclasses the schema is rebuilt from (0.03 s, see regenerate.py).
No schema text is kept in this repository: only its sha256, so a changed dependency fails loudly instead of changing a verdict.
"""

import hashlib
import threading
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from lxml import etree

from iso20022.errors import SchemaChanged
from iso20022.regenerate import XS, xsd_of
from iso20022.schema_manifest import MANIFEST, Origin

_NAMESPACE_PREFIX: Final = "urn:iso:std:iso:20022:tech:xsd:"
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "pain.001": ("GrpHdr", "PmtInf", "CdtTrfTxInf"),
    "pain.002": ("OrgnlPmtInfAndSts", "TxInfAndSts"),
    "camt.053": ("Ntry",),
}
"""The elements of a message that are validated on their own, so that a long message need not be in memory as a whole."""
_local = threading.local()


def namespace_of(message_type: str) -> str:
    return _NAMESPACE_PREFIX + message_type


def message_type_of(namespace: str) -> str | None:
    """`pain.001.001.09` of the namespace ISO gives it; None for every other namespace."""
    return namespace.removeprefix(_NAMESPACE_PREFIX) if namespace.startswith(_NAMESPACE_PREFIX) else None


def compiled(message_type: str) -> etree.XMLSchema:
    """The schema of a whole `Document`. The same object for every call of one thread: its error log is not shareable."""
    cache_of_thread: dict[str, etree.XMLSchema] | None = getattr(_local, "schemas", None)
    if cache_of_thread is None:
        cache_of_thread = _local.schemas = {}
    if message_type not in cache_of_thread:
        cache_of_thread[message_type] = etree.XMLSchema(etree.fromstring(_with_parts_as_roots(message_type)))
    return cache_of_thread[message_type]


@cache
def xsd_text(message_type: str) -> bytes:
    """The schema's bytes, from the package the manifest names; raises SchemaChanged when they hash to something else."""
    entry = MANIFEST[message_type]
    text = read_xsd(message_type)
    if (found := hashlib.sha256(text).hexdigest()) != entry.sha256:
        raise SchemaChanged(f"the schema of {message_type} has sha256 {found}, expected {entry.sha256}: pin the package that changed")
    return text


def read_xsd(message_type: str) -> bytes:
    """The schema's bytes as the installed package gives them, unchecked."""
    if MANIFEST[message_type].origin is Origin.OFFICIAL:
        return official_xsd(message_type)
    return xsd_of(dataclass_source(message_type), message_type)


def official_xsd(message_type: str) -> bytes:
    folder = "pain002/schemas" if message_type.startswith("pain.002") else f"templates/{message_type}"
    return _installed("pain001", f"pain001/{folder}/{message_type}.xsd").read_bytes()


def dataclass_source(message_type: str) -> str:
    module = message_type.replace(".", "_")
    return _installed("pyiso20022", f"pyiso20022/{message_type[:4]}/{module}/{module}.py").read_text(encoding="utf-8")


def _installed(package: str, path: str) -> Path:
    return Path(str(distribution(package).locate_file(path)))


def _with_parts_as_roots(message_type: str) -> bytes:
    """The schema plus a global element for each of the message's parts."""
    root = etree.fromstring(xsd_text(message_type))
    declared = list(root.iter(f"{{{XS}}}element"))
    for name in PARTS.get(message_type[:8], ()):
        types = {str(element.get("type")) for element in declared if element.get("name") == name}
        assert len(types) == 1, f"{name} has one type in {message_type}"  # noqa: S101  # or validating it alone would mean nothing
        etree.SubElement(root, f"{{{XS}}}element", {"name": name, "type": types.pop()})
    return etree.tostring(root)
