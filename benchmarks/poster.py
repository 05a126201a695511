"""`python -m benchmarks.poster ACCOUNTS_FILE`: one process that books payments through the posting core.

Reads orders as JSON lines, `{"batch": 100, "seconds": 3.0, "neighbour": false}`, and answers each with what it did and what
it cost. The neighbour is the second tenant.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import django


def main() -> None:
    django.setup()
    from payment_engine.ids import parse_id
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    bank = json.loads(Path(sys.argv[1]).read_text())
    banks = [(each["tenant"], [parse_id("acc", account["id"]) for account in each["spread"]]) for each in (bank, bank["neighbour"])]
    gc.freeze()  # as payment_engine.wsgi does
    for line in sys.stdin:
        order = json.loads(line)
        tenant, accounts = banks[order["neighbour"]]
        with tenant_scope(tenant_by_slug(tenant)):
            print(json.dumps(_book(accounts, batch=order["batch"], seconds=order["seconds"])), flush=True)


def _book(accounts: Sequence[UUID], *, batch: int, seconds: float) -> dict[str, float]:
    """Submit batches until the time is over. What comes back counts from the first submission to the last commit."""
    from events.answers import Answer
    from payment_engine.errors import EngineError
    from payments.operations.submit import submit_payments
    from payments.values import Idempotency, PaymentRecord, SubmitPayment

    def answer(result: PaymentRecord | EngineError) -> Answer:
        assert isinstance(result, PaymentRecord), result
        return Answer(status=201, body=_BODY % (result.id.hex, result.amount_minor, result.uetr, result.created_at.isoformat()))

    def items() -> list[SubmitPayment]:
        pairs = [random.sample(accounts, 2) for _ in range(batch)]
        return [
            SubmitPayment(
                payment_type="BENCHMARK_TRANSFER",
                debtor_account=debtor,
                creditor_account=creditor,
                amount_minor=random.randint(1, 1000),
                currency="EUR",
                reference="INV-1",
                end_to_end_id="E2E-1",
                correlation_id="benchmark",
                created_by="benchmark",
                idempotency=Idempotency(key=str(uuid4()), fingerprint=_FINGERPRINT, answer=answer),
            )
            for debtor, creditor in pairs
        ]

    booked, began_at, began_cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began_at < seconds:
        outcomes = submit_payments(items())
        booked += sum(outcome.payment is not None for outcome in outcomes)
        assert booked % batch == 0, "every payment of the benchmark can be booked"
    return {"payments": booked, "seconds": time.monotonic() - began_at, "cpu_seconds": time.process_time() - began_cpu}


_FINGERPRINT = bytes(32)
_BODY = (
    '{"transactionId":"pay_%s","status":"COMPLETED","isoStatus":"ACSC","amountMinor":%d,"currency":"EUR","fee":"1.00",'
    '"paymentType":"BENCHMARK_TRANSFER","paymentTypeVersion":1,"configVersion":2,"reference":"INV-1","uetr":"%s","createdAt":"%s",'
    '"debtorBalance":{"booked":"10000000000.00","available":"10000000000.00"}}'
)

if __name__ == "__main__":
    main()
