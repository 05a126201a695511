"""Child processes that cannot outlive the one that started them (Linux)."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
NOBODY = 65534


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel to signal this process when the thread that forked it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def spawn(
    argv: Sequence[str | Path],
    *,
    output: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    user: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, without stdin, that gets `death_signal` when this process dies.

    Call it from the main thread: the kernel watches the thread that forks, not the process.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        die_with_parent(death_signal)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return subprocess.Popen(  # noqa: S603  # every argv is built here, none comes from outside
        [str(part) for part in argv],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=tie_to_parent,  # noqa: PLW1509  # callers are single-threaded, and only prctl and getppid run in it
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the child and all that it forked into its session; a group that is gone already is fine."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
    except PermissionError:  # the leader has become a zombie of another user: only we can reap it
        process.poll()


def stop(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, float]) -> int:
    """Send each signal to the child and wait that many seconds for its end; then SIGKILL its group."""
    if process.returncode is not None:  # waited for earlier: its number may belong to somebody else by now
        return process.returncode
    for number, patience_seconds in steps:
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(patience_seconds)
            break
        except subprocess.TimeoutExpired:
            continue
    signal_group(process, signal.SIGKILL)
    return process.wait()


def process_state(pid: int) -> str:
    """The kernel's letter for a process (R, S, D, Z…), or '' when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def is_alive(pid: int) -> bool:
    """A zombie is not alive: it holds no memory, no lock and no port, whatever `kill(pid, 0)` says."""
    return process_state(pid) not in {"", "Z", "X"}


def processes_in(folder: Path) -> list[int]:
    """Living processes whose working directory is `folder`: how a PostgreSQL of that data folder is recognised."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            at = (entry / "cwd").readlink()
        except OSError:
            continue
        if at == folder and is_alive(int(entry.name)):
            found.append(int(entry.name))
    return found


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(preferred: int = 0) -> int:
    """`preferred` when nobody has it, else one that the kernel picks."""
    if preferred and port_is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_gone(folder: Path, patience_seconds: float) -> bool:
    deadline = time.monotonic() + patience_seconds
    while processes_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
