"""The errors this app raises."""

from payment_engine.errors import Conflict, EngineError, Malformed, NotFound


class MalformedXml(Malformed):
    """The bytes are not XML we are willing to read. `line` is 0 where there is none to name (size, compression)."""

    code, title = "malformed_xml", "Malformed XML"

    def __init__(self, detail: str, *, line: int = 0) -> None:
        super().__init__(f"line {line}: {detail}" if line else detail, line=line)
        self.line = line


class DuplicateMessage(Conflict):
    """Another message of this initiating party was taken under the same MsgId (DU01).

    The same bytes again are no duplicate: they get the first answer.
    """

    code, title = "duplicate_message", "Duplicate message"


class MessageUnknown(NotFound):
    title = "Message unknown"


class ReportNotReady(NotFound):
    """The message is still being processed: its report comes when it is through."""

    code, title = "report_not_ready", "Report not ready"


class SchemaChanged(EngineError):
    """An installed package no longer gives the schema whose hash is committed: nothing may be read or written with it."""

    code, status, title = "iso20022_schema_changed", 500, "ISO 20022 schema changed"


class EmittedMessageInvalid(AssertionError):
    """A message we wrote does not pass its own schema. It is never stored nor sent."""
