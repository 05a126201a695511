"""A console whose reader has gone to sleep must never put a child to sleep too."""

import os
import time

from payment_engine.devserver.console import Console


def test_lines_that_nobody_reads_are_dropped_and_counted() -> None:
    reader, writer = os.pipe()
    console = Console(writer)
    began_at = time.monotonic()
    for number in range(2_000):
        console.say("web", f"{number:04} " + "x" * 100)
    assert time.monotonic() - began_at < 2
    os.set_blocking(reader, False)
    first = os.read(reader, 1 << 20).decode()
    console.say("web", "awake again")
    second = os.read(reader, 1 << 20).decode()
    assert first.startswith("web      | 0000 x")
    assert "lines dropped: nobody read the output\nweb      | awake again\n" in second
    os.close(reader)
    os.close(writer)
