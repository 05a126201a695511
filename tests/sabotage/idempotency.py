"""What makes a request that is sent twice one payment."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="another body with the same key gets the old answer",
        file="payments/operations/submit.py",
        line="if hmac.compare_digest(fingerprint, item.idempotency.fingerprint):",
        instead="if fingerprint:",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="answers are not kept",
        file="payments/operations/writes.py",
        line="    ordered = sorted(answers, key=lambda answer: answer[0])",
        instead="    ordered = sorted(answers[:0], key=lambda answer: answer[0])",
        tests="tests/payments/test_submit.py",
    ),
    Sabotage(
        name="a member given twice counts the last time",
        file="payment_engine/api/json.py",
        line="    if (name := _member_given_twice(body)) is not None:",
        instead="    if (name := _member_given_twice(b'{}')) is not None:",
        tests="tests/payment_engine/api/test_json.py",
    ),
    Sabotage(
        name="the amount is not part of the fingerprint",
        file="payments/api/shapes.py",
        line="            amount_minor,\n            self.currency,\n            self.reference,",
        instead="            self.currency,\n            self.reference,",
        tests="tests/payments/test_api.py",
    ),
    Sabotage(
        name="a reversal forgets its key",
        file="payments/operations/reverse.py",
        line="        idempotency_key=idempotency_key,",
        instead="        idempotency_key=None,",
        tests="tests/payments/test_retention.py",
    ),
)
