"""`python -m benchmarks.poster ACCOUNTS_FILE`: one process that books payments through the posting core.

Reads orders as JSON lines, `{"batch": 100, "seconds": 3.0, "part": 0, "parts": 2}`, and answers each with what it did and what
it cost. Of two parts of the tenant's accounts, part 0 is every other one from the first on.
"""

import gc
import json
import random
import sys
import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from uuid import UUID, uuid4

import django


def main() -> None:
    django.setup()
    from payment_engine.ids import parse_id
    from tenants.context import tenant_scope
    from tenants.registry import tenant_by_slug

    bank = json.loads(Path(sys.argv[1]).read_text())
    accounts = [parse_id("acc", account["id"]) for account in bank["spread"]]
    for line in sys.stdin:
        order = json.loads(line)
        with tenant_scope(tenant_by_slug(bank["tenant"])):
            own = accounts[order["part"] :: order["parts"]]
            print(json.dumps(_book(own, batch=order["batch"], seconds=order["seconds"])), flush=True)


def _book(accounts: Sequence[UUID], *, batch: int, seconds: float) -> dict[str, float]:
    """Submit batches until the time is over. What comes back counts from the first submission to the last commit.

    Payments asked for and answers are ready before: making and rendering them is the work of a door.
    """
    from events.answers import Answer
    from payment_engine.errors import EngineError
    from payments.operations.submit import submit_payments
    from payments.values import Idempotency, PaymentRecord, SubmitPayment

    ready = Answer(status=201, body=_BODY)

    def answer(result: PaymentRecord | EngineError) -> Answer:
        assert isinstance(result, PaymentRecord), result
        return ready

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

    batches = [items() for _ in range(ceil(seconds * _FASTEST_PER_SECOND / (batch + _OVERHEAD)))]
    gc.freeze()
    booked, began_at, began_cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() - began_at < seconds:
        assert batches, "there are more payments than the fastest machine books"
        outcomes = submit_payments(batches.pop())
        booked += sum(outcome.payment is not None for outcome in outcomes)
        assert booked % batch == 0, "every payment of the benchmark can be booked"
    measured = {"payments": booked, "seconds": time.monotonic() - began_at, "cpu_seconds": time.process_time() - began_cpu}
    gc.unfreeze()
    return measured


_FASTEST_PER_SECOND = 25_000
_OVERHEAD = 5
"""What a batch costs beside its payments, in payments: no process books more than that in a second."""
_FINGERPRINT = bytes(32)
_BODY = json.dumps({"transactionId": "pay_" + "0" * 32, "status": "COMPLETED", "likeTheRestOfAnAnswer": "x" * 400})

if __name__ == "__main__":
    main()
