"""One terminal for many processes: a prefix and a colour for each, and a reader that never makes them wait."""

import os
import select
import sys

_COLOURS = {"web": 36, "worker": 35, "beat": 34, "sweeper": 33, "postgres": 32, "valkey": 31}
_WIDTH = 8
_ATOMIC_BYTES = 4096  # a pipe that polls writable takes this much without blocking
_PATIENCE_SECONDS = 0.2
_LONGEST_LINE = 1 << 16


class Console:
    """Writes whole lines. Where nobody reads our output, lines are dropped and counted rather than waited for."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._colours = os.isatty(self._descriptor) and "NO_COLOR" not in os.environ
        self._dropped = 0

    def say(self, name: str, line: str) -> None:
        prefix = f"{name:<{_WIDTH}} | "
        if self._colours and name in _COLOURS:
            prefix = f"\x1b[{_COLOURS[name]}m{prefix}\x1b[0m"
        self._write(f"{prefix}{line}\n")

    def announce(self, text: str) -> None:
        for line in text.splitlines():
            self._write(f"{line}\n")

    def _write(self, line: str) -> None:
        if self._dropped and self._takes_more():
            notice, self._dropped = f"… {self._dropped} lines dropped: nobody read the output\n", 0
            self._send(notice.encode())
        if not self._send(line.encode(errors="replace")):
            self._dropped += 1

    def _send(self, data: bytes) -> bool:
        for start in range(0, len(data), _ATOMIC_BYTES):
            if not self._takes_more():
                return False
            try:
                os.write(self._descriptor, data[start : start + _ATOMIC_BYTES])
            except OSError:  # the terminal or the reader has gone; the processes go on
                return False
        return True

    def _takes_more(self) -> bool:
        """Patient once; while lines are being dropped, waiting for each would slow down who writes them."""
        return bool(select.select([], [self._descriptor], [], 0 if self._dropped else _PATIENCE_SECONDS)[1])


class LogPipe:
    """The read end of a child's stdout and stderr, cut into lines."""

    def __init__(self, name: str, console: Console) -> None:
        self.reader, self.writer = os.pipe()
        self._name = name
        self._console = console
        self._rest = b""

    def close_writer(self) -> None:
        """After the child has inherited it: from now on the pipe ends when the child and its children end."""
        os.close(self.writer)

    def read(self) -> bool:
        """Pass on what has arrived; False at the end of the pipe."""
        data = os.read(self.reader, _LONGEST_LINE)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > _LONGEST_LINE):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._console.say(self._name, line.decode(errors="replace").rstrip("\r"))
        return bool(data)

    def close(self) -> None:
        os.close(self.reader)
