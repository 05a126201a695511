from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from iso20022.models import Message
from iso20022.operations.receiving import receive_pain001, validate_pain001
from iso20022.queries.documents import document_pieces
from iso20022.queries.messages import report_of
from payment_engine.errors import EngineError
from payment_engine.ids import new_id
from tenants.command_line import TENANT_HELP, EngineCommand, give_examples, tenant_named
from tenants.context import tenant_scope


class Command(EngineCommand):
    help = "Take a pain.001 file from disk, as POST /iso20022/pain001 does, and say what became of it. Refused ones are exit status 0, too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the pain.001 (XML)")
        parser.add_argument("--tenant", required=True, help=TENANT_HELP)
        parser.add_argument("--validate-only", action="store_true", help="look at the file, book and store nothing")
        parser.add_argument("--report", type=Path, help="write the pain.002 to this file")
        give_examples(
            parser,
            "submit_pain001 docs/examples/payments.xml --tenant demo-bank --validate-only",
            "submit_pain001 docs/examples/payments.xml --tenant demo-bank --report answer.xml",
        )

    def handle(self, *, file: Path, tenant: str, validate_only: bool, report: Path | None, **_options: Any) -> None:  # noqa: ANN401
        owner = tenant_named(tenant)
        if report is not None and report.absolute() == file.absolute():
            raise CommandError(f"{report}: the report would be written over the file itself")
        try:
            with tenant_scope(owner), file.open("rb") as source:
                if validate_only:
                    self._tell_verdict([(f.code, f.line, f.path, f.text) for f in validate_pain001(source).findings.reported])
                    return
                if report is not None:
                    report.open("ab").close()  # a place that can't be written is no reason to take the file first
                with tqdm(unit=" transfers", file=self.stderr, disable=None, leave=False) as bar:
                    receipt = receive_pain001(
                        source,
                        created_by="submit_pain001",
                        correlation_id=new_id().hex,
                        on_progress=lambda done, total: _move(bar, done, total),
                    )
                self._tell(receipt.message, replayed=receipt.replayed)
                if report is not None:
                    report.write_bytes(b"".join(document_pieces(report_of(receipt.message))))
        except EngineError as error:
            raise CommandError(error.detail) from error
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from error

    def _tell(self, message: Message, *, replayed: bool) -> None:
        self._tell_findings([(f["code"], f["line"], f["path"], f["text"]) for f in message.findings])
        again = " (taken before)" if replayed else ""
        summary = f"{message.public_id} {message.group_status}: {message.accepted:,} accepted, {message.rejected:,} rejected{again}"
        self.stdout.write(self.style.SUCCESS(summary) if message.accepted else self.style.WARNING(summary))

    def _tell_verdict(self, findings: list[tuple[str, int, str, str]]) -> None:
        self._tell_findings(findings)
        self.stdout.write(
            f"findings: {len(findings)}; nothing was booked or stored" if findings else "no finding; nothing was booked or stored"
        )

    def _tell_findings(self, findings: list[tuple[str, int, str, str]]) -> None:
        for code, line, path, text in findings:
            self.stdout.write(f"{code} line {line} {path}: {text}")


def _move(bar: "tqdm[Any]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
