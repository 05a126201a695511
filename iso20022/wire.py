"""Tier 1: bytes from outside become XML events, or MalformedXml with a line. No entity, file, network or size attack gets further.

Input is bytes or a seekable binary file and is read in chunks: memory follows the largest single part of a message (a header,
one transfer), never the file. Every parser of inbound bytes is made here.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, Literal, NoReturn, cast

from lxml import etree

from iso20022.errors import MalformedXml

_CHUNK_BYTES: Final = 64 * 1024
_DECLARED_ENCODING: Final = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_PARSER_POSITION: Final = re.compile(r"(, use XML_PARSE_HUGE option)?\s*(, line \d+, column \d+)?( \(<string>, line \d+\))?$")
_TEXT_LENGTH: Final = 300
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7": "xz"}
_UTF16_STARTS: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_SAME_ENCODING: Final = {"UTF8": "UTF-8", "US-ASCII": "UTF-8", "ASCII": "UTF-8", "LATIN1": "ISO-8859-1", "ISO_8859-1": "ISO-8859-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WireLimits:
    """`part_bytes` bounds what lies between two parts of a message, and with it the memory a file can take."""

    file_bytes: int = 200 * 1024**2
    tags: int = 25_000_000
    part_bytes: int = 1024**2
    encodings: frozenset[str] = frozenset({"UTF-8"})


class PartTooLarge(MalformedXml):
    """More than `part_bytes` came with no whole part among them."""


class EventReader:
    """Feeds a source to a parser and yields the elements of its events, those of some 64 KB at a time. Call once.

    `count_part()` tells it that a whole part was consumed.
    """

    def __init__(
        self, source: bytes | BinaryIO, *, limits: WireLimits, events: Sequence[Literal["start", "end"]], tags: Sequence[str] | None = None
    ) -> None:
        self._source = source
        self._limits = limits
        self._events = events
        self._tags = tags
        self._bytes_since_part = 0

    def count_part(self) -> None:
        self._bytes_since_part = 0

    def __iter__(self) -> Iterator[list[etree._Element]]:
        parser: etree.XMLPullParser | None = None
        checked_doctype = False
        line = 1
        try:
            for chunk in guarded_chunks(self._source, self._limits):
                parser = parser or self._parser(chunk)
                self._bytes_since_part += len(chunk)
                line += chunk.count(b"\n")
                parser.feed(chunk)
                elements = elements_of(parser)
                if elements and not checked_doctype:
                    _refuse_doctype(elements[0])
                    checked_doctype = True
                yield elements
                if self._bytes_since_part > self._limits.part_bytes:
                    raise PartTooLarge(f"a single part of the message is larger than {self._limits.part_bytes} bytes", line=line)
            if parser is None:
                raise MalformedXml("the file is empty", line=1)
            _refuse_doctype(parser.close())
            # Of a file so short that the parser waited for more of it.
            yield elements_of(parser)
        except etree.LxmlError as error:
            raise _malformed(error, parser) from error

    def _parser(self, first_chunk: bytes) -> etree.XMLPullParser:
        # Not with collect_ids=False: it makes libxml2 read the DTD that a DOCTYPE names, whatever load_dtd says.
        parser = etree.XMLPullParser(
            events=self._events,
            tag=self._tags,
            encoding=encoding_of(first_chunk, self._limits),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            strip_cdata=True,
            recover=False,
        )
        parser.resolvers.add(_NothingOutside())
        return parser


class _NothingOutside(etree.Resolver):
    """Asked before anything outside the file is opened, and refuses. No option above lets it come to that."""

    def resolve(self, system_url: str, *_public_id_and_context: object) -> NoReturn:
        raise MalformedXml(f"the file points outside itself, to {system_url[:_TEXT_LENGTH]}", line=1)


def guarded_chunks(source: bytes | BinaryIO, limits: WireLimits) -> Iterator[bytes]:
    """The source from its start, refused as soon as it is compressed, too long or has too many tags."""
    size = tags = 0
    for chunk in _chunks(source):
        if size == 0:
            _refuse_compressed(chunk)
        size += len(chunk)
        tags += chunk.count(b"<")
        if size > limits.file_bytes:
            raise MalformedXml(f"the file is larger than {limits.file_bytes} bytes")
        if tags > limits.tags:
            raise MalformedXml(f"the file has more than {limits.tags} tags")
        yield chunk


def encoding_of(first_chunk: bytes, limits: WireLimits) -> str:
    """The encoding to parse with. It is imposed on the parser, so that no declaration can mean something else to it (UTF-7)."""
    if first_chunk.startswith(_UTF16_STARTS):
        found = "UTF-16"
    elif (match := _DECLARED_ENCODING.match(first_chunk.removeprefix(b"\xef\xbb\xbf"))) is not None:
        declared = match[1].decode("ascii").upper()
        found = _SAME_ENCODING.get(declared, declared)
    else:
        found = "UTF-8"
    if found not in limits.encodings:
        raise MalformedXml(f"the encoding {found} is not accepted, use {' or '.join(sorted(limits.encodings))}", line=1)
    return found


def elements_of(parser: etree.XMLPullParser) -> list[etree._Element]:
    """Those of the events since the last call."""
    return [element for _, element in cast("Iterator[tuple[str, etree._Element]]", parser.read_events())]  # noqa: SLF001  # lxml has no public name


def _chunks(source: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), _CHUNK_BYTES):
            yield source[start : start + _CHUNK_BYTES]
        return
    source.seek(0)
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


def _refuse_compressed(chunk: bytes) -> None:
    for magic, name in _COMPRESSED.items():
        if chunk.startswith(magic):
            raise MalformedXml(f"the file is compressed ({name}); send the XML itself")


def _refuse_doctype(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise MalformedXml("a document type declaration (DOCTYPE) is not accepted", line=1)


def _malformed(error: etree.LxmlError, parser: etree.XMLPullParser | None) -> MalformedXml:
    """lxml's own message, or the first one of the parser's log where the exception has no position (an unknown entity).

    Not of the exception's log: where it has no position, that is one of all errors of the process, whosever file they are of.
    """
    line, text = (error.lineno or 0, str(error)) if isinstance(error, etree.XMLSyntaxError) else (0, str(error))
    if line == 0 and parser is not None:
        for entry in cast("Iterable[etree._LogEntry]", parser.feed_error_log):  # noqa: SLF001  # the stubs forgot __iter__
            line, text = entry.line, entry.message
            break
    text = _PARSER_POSITION.sub("", text).replace("\n", " ").strip()[:_TEXT_LENGTH]
    return MalformedXml(text or "not well-formed XML", line=line)
