"""(d) One pain.001.001.09 of many transfers, sent, booked, reported and read back as a camt.053, over HTTP."""

import http.client
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from benchmarks.cpu import cpu_seconds, family, peak_memory_mb
from benchmarks.web import Web

TRANSFERS = 10_000
_BLOCKS = 4
_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeasure:
    """Seconds of one file. `peak_mb` is the most memory any serving process ever held."""

    transfers: int
    file_mb: float
    booked_seconds: float
    pain002_seconds: float
    camt053_seconds: float
    peak_mb: float
    python_cpu_seconds: float
    postgres_cpu_seconds: float

    @property
    def seconds(self) -> float:
        return self.booked_seconds + self.pain002_seconds + self.camt053_seconds


def pain001(debtors: Sequence[Mapping[str, str]], creditors: Sequence[Mapping[str, str]], transfers: int) -> bytes:
    """A file with a debit block for each of the debtors; the group header's control sum is right."""
    now = datetime.now(UTC)
    share = transfers // len(debtors)
    blocks = [_block(number, debtor, creditors, share, f"{now:%Y-%m-%d}") for number, debtor in enumerate(debtors, 1)]
    total = share * len(debtors)
    cents = len(debtors) * sum(_cents(n) for n in range(share))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>BENCH-{uuid4().hex[:20]}</MsgId><CreDtTm>{now:%Y-%m-%dT%H:%M:%S}</CreDtTm><NbOfTxs>{total}</NbOfTxs>"
        f"<CtrlSum>{cents // 100}.{cents % 100:02d}</CtrlSum><InitgPty><Nm>Benchmark Customer</Nm></InitgPty></GrpHdr>"
        f"{''.join(blocks)}</CstmrCdtTrfInitn></Document>"
    ).encode()


def _cents(number: int) -> int:
    return 100 + number % 9_900


def _block(number: int, debtor: Mapping[str, str], creditors: Sequence[Mapping[str, str]], transfers: int, date: str) -> str:
    lines = [
        f"<CdtTrfTxInf><PmtId><EndToEndId>E2E-{number}-{n}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EUR">{_cents(n) // 100}.{_cents(n) % 100:02d}</InstdAmt></Amt>'
        f"<Cdtr><Nm>Creditor {n}</Nm></Cdtr><CdtrAcct><Id><IBAN>{creditors[n % len(creditors)]['iban']}</IBAN></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>Invoice {n}</Ustrd></RmtInf></CdtTrfTxInf>"
        for n in range(transfers)
    ]
    return (
        f"<PmtInf><PmtInfId>BLOCK-{number}</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{transfers}</NbOfTxs>"
        f"<ReqdExctnDt><Dt>{date}</Dt></ReqdExctnDt><Dbtr><Nm>Benchmark Customer</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{debtor['iban']}</IBAN></Id></DbtrAcct>"
        f"<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>{''.join(lines)}</PmtInf>"
    )


def measure_file(*, web: Web, bank: Mapping[str, Any], postgres_pid: int, transfers: int, number: int) -> FileMeasure:
    """Send a new file and fetch its report and the first debtor's statement; every transfer must be booked.

    Each `number` (from 1) has debtors of its own: a statement shows the whole day, with what an earlier file left on it too.
    """
    accounts, first = bank["spread"], (number - 1) * _BLOCKS
    debtors, creditors = accounts[first : first + _BLOCKS], accounts[first + _BLOCKS :]
    document = pain001(debtors, creditors, transfers)
    client = _Client(web.port, bank["token"])
    python, postgres = cpu_seconds([web.pid]), cpu_seconds([postgres_pid])
    booked_seconds, answer = client.timed("POST", "/api/v1/iso20022/pain001", document)
    message = json.loads(answer)
    assert message["groupStatus"] == "ACSC", f"not every transfer was booked: {answer[:2000]!r}"
    pain002_seconds, report = client.timed("GET", message["report"])
    camt053_seconds, statement = client.timed("GET", f"/api/v1/iso20022/accounts/{debtors[0]['id']}/camt053")
    measure = FileMeasure(
        transfers=transfers,
        file_mb=len(document) / 1e6,
        booked_seconds=booked_seconds,
        pain002_seconds=pain002_seconds,
        camt053_seconds=camt053_seconds,
        peak_mb=max(peak_memory_mb(pid) for pid in family(web.pid)),
        python_cpu_seconds=cpu_seconds([web.pid]) - python,
        postgres_cpu_seconds=cpu_seconds([postgres_pid]) - postgres,
    )
    _check(report, statement, transfers)
    return measure


def _check(report: bytes, statement: bytes, transfers: int) -> None:
    """Both documents say what was sent; outside the measured time."""
    assert b"pain.002.001." in report[:400], "the report is a pain.002"
    entries = statement.count(b"<Ntry>")
    assert entries >= transfers // _BLOCKS, f"the statement has {entries} entries"


class _Client:
    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}

    def timed(self, method: str, path: str, body: bytes | None = None) -> tuple[float, bytes]:
        accept = "application/json" if method == "POST" else "application/xml"
        began_at = time.monotonic()
        self._connection.request(method, path, body=body, headers=self._headers | {"Accept": accept})
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == http.HTTPStatus.OK, f"{method} {path}: {response.status} {answer[:2000]!r}"
        return time.monotonic() - began_at, answer


def file_table(files: Sequence[FileMeasure]) -> str:
    """Markdown, medians of the rounds."""

    def median(value: Callable[[FileMeasure], float]) -> float:
        return statistics.median(value(measure) for measure in files)

    per_transfer_us = median(lambda m: (m.python_cpu_seconds + m.postgres_cpu_seconds) / m.transfers) * 1e6
    return (
        f"| pain.001.001.09, {files[0].transfers:,} transfers, {files[0].file_mb:.1f} MB | seconds |\n|---|--:|\n"
        f"| received, checked, booked, answered | {median(lambda m: m.booked_seconds):.2f} |\n"
        f"| pain.002 fetched | {median(lambda m: m.pain002_seconds):.2f} |\n"
        f"| camt.053 of the first debtor made and fetched | {median(lambda m: m.camt053_seconds):.2f} |\n"
        f"| whole | {median(lambda m: m.seconds):.2f} |\n\n"
        f"CPU per transfer, Python and PostgreSQL: {per_transfer_us:.0f} µs. Peak memory of a serving process: "
        f"{max(m.peak_mb for m in files):.0f} MB.\n"
    )
