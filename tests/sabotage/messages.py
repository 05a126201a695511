"""What reads and writes ISO 20022."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="a piece of a long document is lost",
        file="iso20022/operations/documents.py",
        line="    while batch := list(islice(rows, _WRITTEN_AT_ONCE)):",
        instead="    while batch := [row for row, _ in zip(rows, range(_WRITTEN_AT_ONCE), strict=False)]:",
        tests="tests/iso20022/test_receiving.py",
    ),
    Sabotage(
        name="a document type declaration is accepted",
        file="iso20022/wire.py",
        line="if element.getroottree().docinfo.internalDTD is not None:",
        instead="if element.getroottree().docinfo.internalDTD is element:",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a document type declaration opens files",
        file="iso20022/wire.py",
        line="load_dtd=False,",
        instead="load_dtd=True,",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a second message of another version is passed over",
        file="iso20022/parts.py",
        line="self._look_at_foreign_document(element)",
        instead="pass",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a stray element between transfers loses its neighbours before their block is judged",
        file="iso20022/parts.py",
        line="if parent is not None and element.getnext() is following:",
        instead="if parent is not None:",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a comment inside an amount changes it",
        file="iso20022/wire.py",
        line="remove_comments=True",
        instead="remove_comments=False",
        tests="tests/iso20022/test_wire_attacks.py",
    ),
    Sabotage(
        name="a wrong control sum is accepted",
        file="iso20022/pain001/rules.py",
        line="if header.control_sum is not None and header.control_sum != total:",
        instead="if header.control_sum is not None and header.control_sum > total:",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a file is booked twice under one MsgId",
        file="iso20022/operations/receiving.py",
        line="message.claims_message_id = True",
        instead="message.claims_message_id = False",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a chunk that met a conflict is booked without its rows",
        file="payments/operations/submit.py",
        line="along(transaction, outcomes)\n        return outcomes",
        instead="pass\n        return outcomes",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="whoever goes on with a message starts again",
        file="iso20022/operations/processing.py",
        line="todo = chunk[max(message.processed - position, 0) :]",
        instead="todo = chunk[:]",
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a file with one rejected transfer is reported as booked",
        file="iso20022/pain002.py",
        line='if found & {"RJCT", "PART"}:',
        instead='if found & {"PART"}:',
        tests="tests/iso20022",
    ),
    Sabotage(
        name="debits are credits on the statement",
        file="iso20022/camt053.py",
        line='<CdtDbtInd>DBIT</CdtDbtInd>" if minor < 0',
        instead='<CdtDbtInd>DBIT</CdtDbtInd>" if minor > 0',
        tests="tests/iso20022",
    ),
    Sabotage(
        name="a body that was cut off passes for whole",
        file="payment_engine/wsgi_environ.py",
        line="if self._missing:",
        instead="if self._missing == -1:",
        tests="tests/payment_engine/test_loop_handler.py",
    ),
)
