"""`python -m benchmarks.load BANK_FILE PORT`: keep-alive HTTP connections that post payments as fast as they are answered.

One thread, one epoll, requests assembled from ready bytes: the generator shares the machine with what it measures, so it
must cost little. Every request has an Idempotency-Key of its own and every answer must be 201. Latency runs from the
moment a request is handed to the kernel to the last byte of its answer. Orders and answers are JSON lines.
"""

import json
import random
import selectors
import socket
import sys
import time
from pathlib import Path
from uuid import uuid4

_CREATED = b"HTTP/1.1 201"
_LENGTH = b"content-length:"
_LAST_CHUNK = b"0\r\n\r\n"


class Client:
    """One connection with at most one request under way."""

    def __init__(self, port: int, head: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._head = head
        self._received = b""
        self._began_at = 0.0

    def post(self, body: bytes) -> None:
        self._received, self._began_at = b"", time.perf_counter()
        self.socket.send(self._head % (str(uuid4()).encode(), len(body)) + body)

    def read(self) -> float | None:
        """Seconds the answer took; None while there is more of it to come."""
        piece = self.socket.recv(65536)
        self._received += piece
        if not piece:
            raise SystemExit("the server closed a connection")
        if not self._complete():
            return None
        if not self._received.startswith(_CREATED):
            raise SystemExit(f"a payment was not made:\n{self._received.decode(errors='replace')}")
        return time.perf_counter() - self._began_at

    def _complete(self) -> bool:
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return False
        fields = head.lower() + b"\r\n"
        if (start := fields.find(_LENGTH)) < 0:
            return body.endswith(_LAST_CHUNK)
        return len(body) >= int(fields[start + len(_LENGTH) : fields.index(b"\r\n", start)])


class Load:
    def __init__(self, bank: dict[str, object], port: int) -> None:
        self._port = port
        self._hot: str = bank["hot"]["id"]  # type: ignore[index]  # the file's own shape
        self._spread: list[str] = [account["id"] for account in bank["spread"]]  # type: ignore[attr-defined]  # the file's own shape
        self._head = (
            f"POST /api/v1/transactions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {bank['token']}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %d\r\n\r\n"
        ).encode()

    def run(self, *, connections: int, seconds: float, hot: bool) -> dict[str, object]:
        """Whole answers only: the clock stops when the last request under way is answered."""
        selector = selectors.EpollSelector()
        clients = [Client(self._port, self._head) for _ in range(connections)]
        latencies: list[float] = []
        began_at, began_cpu = time.perf_counter(), time.process_time()
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.post(self._body(hot=hot))
        under_way = connections
        while under_way:
            for key, _ in selector.select():
                took = key.data.read()
                if took is None:
                    continue
                latencies.append(took)
                if time.perf_counter() - began_at < seconds:
                    key.data.post(self._body(hot=hot))
                else:
                    under_way -= 1
        took_seconds = time.perf_counter() - began_at
        cpu = time.process_time() - began_cpu
        for client in clients:
            client.socket.close()
        selector.close()
        latencies.sort()
        return {
            "payments": len(latencies),
            "seconds": took_seconds,
            "cpu_seconds": cpu,
            "p50_ms": latencies[len(latencies) // 2] * 1e3,
            "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3,
        }

    def _body(self, *, hot: bool) -> bytes:
        debtor, creditor = random.sample(self._spread, 2)
        return (
            b'{"paymentType":"BENCHMARK_TRANSFER","debtorAccount":"%s","creditorAccount":"%s","amount":"%d.00","currency":"EUR","reference":"INV-1","endToEndId":"E2E-1"}'
            % (
                debtor.encode(),
                (self._hot if hot else creditor).encode(),
                random.randint(1, 9),
            )
        )


def main() -> None:
    load = Load(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]))
    for line in sys.stdin:
        print(json.dumps(load.run(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
