"""What a file holds: the `Document` and its message type, and the business header (head.001) of an envelope around it."""

from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final

from lxml import etree

from iso20022.paths import line_of, local_name
from iso20022.schemas import message_type_of, namespace_of
from iso20022.wire import EventReader, WireLimits

BUSINESS_HEADER_TAGS: Final = tuple(f"{{{namespace_of(f'head.001.001.{version:02}')}}}AppHdr" for version in range(1, 5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`namespace` is None where there is no `Document` in the first part of the file. `message_type` is None for a namespace not ISO's."""

    root: str
    namespace: str | None
    line: int

    @property
    def message_type(self) -> str | None:
        return message_type_of(self.namespace) if self.namespace else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessHeader:
    """The `AppHdr` of an envelope (head.001.001.01 to .04)."""

    business_message_id: str
    message_definition: str
    business_service: str | None
    created: str | None


def contents_of(source: bytes | BinaryIO, limits: WireLimits) -> Contents:
    """Find the `Document`, at the root or inside any envelope; raises MalformedXml for what is not XML."""
    root: etree._Element | None = None
    for element in chain.from_iterable(EventReader(source, limits=limits, events=("start",))):
        root = element if root is None else root
        if local_name(element) == "Document":
            return Contents(root=local_name(root), namespace=str(element.tag)[1:].rpartition("}")[0], line=line_of(element))
    assert root is not None, "an XML document has a root, or EventReader has raised"  # noqa: S101  # the parser guarantees it
    return Contents(root=local_name(root), namespace=None, line=line_of(root))


def business_header_of(element: etree._Element) -> BusinessHeader:
    values = {local_name(child): (child.text or "").strip() for child in element}
    return BusinessHeader(
        business_message_id=values.get("BizMsgIdr", ""),
        message_definition=values.get("MsgDefIdr", ""),
        business_service=values.get("BizSvc"),
        created=values.get("CreDt"),
    )
