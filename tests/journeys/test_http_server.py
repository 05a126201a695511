"""The web server itself, over the wire: large bodies and answers, slow callers, and many at once."""

import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys.stack import PROJECT, Caller, Stack

pytestmark = pytest.mark.timeout(240)
EXAMPLE = (PROJECT / "docs/examples/payments.xml").read_bytes()
MEGABYTE = 1 << 20


def begun(caller: Caller, path: str, length: int) -> socket.socket:
    """A request whose body has begun and does not go on."""
    connection = socket.create_connection(("127.0.0.1", caller.stack.port))
    head = (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {caller.token}\r\nIdempotency-Key: slow\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"
    )
    connection.sendall(head.encode())
    return connection


def test_a_large_file_comes_back_as_it_was_sent_also_to_a_slow_reader(demo_bank: Caller) -> None:
    document = EXAMPLE.replace(b">\n", b">\n" + b" " * 30_000)
    assert len(document) > MEGABYTE
    sent = demo_bank.post("/iso20022/pain001", document, **{"Content-Type": "application/xml"})
    assert sent.status in {200, 201}, sent.body
    path = f"/iso20022/messages/{sent.json['messageId']}/document"
    assert demo_bank.get(path).body == document
    with socket.create_connection(("127.0.0.1", demo_bank.stack.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        slow.sendall(
            f"GET /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode()
            + f"Authorization: Bearer {demo_bank.token}\r\nConnection: close\r\n\r\n".encode()
        )
        time.sleep(0.2)
        received = b""
        while piece := slow.recv(16_384):
            received += piece
    assert received.partition(b"\r\n\r\n")[2] == document


def test_callers_that_stop_in_the_middle_hold_nobody_up(demo_bank: Caller) -> None:
    stuck = [begun(demo_bank, "/transactions", 500) for _ in range(40)] + [begun(demo_bank, "/iso20022/pain001", 5000) for _ in range(40)]
    assert demo_bank.pay("1.00").status == 201
    assert demo_bank.get("/transactions").status == 200
    for connection in stuck:
        connection.close()
    assert demo_bank.pay("1.00").status == 201


def test_fifty_at_once_with_one_key_are_one_payment(demo_bank: Caller, acme_bank: Caller) -> None:
    """And the same key of another tenant is another payment."""
    with ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(lambda number: (demo_bank, acme_bank)[number % 2].pay("1.00", key="all-at-once"), range(100)))
    assert Counter(answer.status for answer in answers) == {201: 100}
    assert len({answer.json["transactionId"] for answer in answers}) == 2


def test_a_header_with_an_underscore_is_not_taken_for_one_with_a_hyphen(demo_bank: Caller) -> None:
    assert demo_bank.get("/accounts", **{"X-Tenant-ID": "acme-bank"}).status == 403
    assert demo_bank.get("/accounts", X_Tenant_ID="acme-bank").status == 200


def test_nothing_went_wrong_unseen(stack: Stack) -> None:
    assert "Application callable raised an exception" not in stack.log
    assert "Started worker-1" in stack.log
