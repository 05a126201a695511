"""The last one out: ends what a killed supervisor or test run left behind.

PR_SET_PDEATHSIG tells each child at once that its parent died, but a child may be too busy to listen, and its own
children hear nothing. The guard is a second process that knows every process group and every throw-away folder. When its
stdin ends, because the parent closed it or was killed, it waits for the groups, kills those that stay, and removes the
folders. It also holds the lock on the data folder, so that no second run starts among the remains of the first.

The file runs as a script, without Django or anything installed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 4.0


class Guard:
    """The parent's side. Everything is told over a pipe, whose end is the signal."""

    def __init__(self, *, lock: int | None = None) -> None:
        listening, self._pipe = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603  # this very file
            [sys.executable, "-I", "-S", str(Path(__file__).resolve())],
            stdin=listening,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            pass_fds=() if lock is None else (lock,),
        )
        os.close(listening)

    def watch_group(self, group: int) -> None:
        self._tell(f"group {group}")

    def forget_group(self, group: int) -> None:
        self._tell(f"forget {group}")

    def remove_at_end(self, folder: Path) -> None:
        self._tell(f"folder {folder}")

    def close(self) -> None:
        """Call it after the children were stopped; returns when the guard has finished its work."""
        os.close(self._pipe)
        self._process.wait()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # somebody killed the guard; PR_SET_PDEATHSIG still stands
            os.write(self._pipe, f"{line}\n".encode())


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return any(_group_of(entry) == group for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _group_of(entry: Path) -> int | None:
    """The process group of a living process; None for a zombie, which nobody may ever reap."""
    try:
        state, _parent, group = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(group)


def listen() -> tuple[set[int], list[Path]]:
    groups: set[int] = set()
    folders: list[Path] = []
    for line in sys.stdin:
        word, _, value = line.rstrip("\n").partition(" ")
        if word == "group":
            groups.add(int(value))
        elif word == "forget":
            groups.discard(int(value))
        elif word == "folder":
            folders.append(Path(value))
    return groups, folders


def end_groups(groups: set[int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while groups := {group for group in groups if group_lives(group)}:
        if time.monotonic() > deadline:
            for group in groups:
                try:
                    os.killpg(group, signal.SIGKILL)
                except OSError:
                    continue
            return
        time.sleep(0.05)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, folders = listen()
    end_groups(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
