"""CPU time of processes, from /proc: what a payment costs does not depend on who else uses the machine."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_AFTER_NAME = 3  # the first field of /proc/<pid>/stat behind the command's name is number 3
_PARENT, _USER, _SYSTEM, _ENDED_USER, _ENDED_SYSTEM = 4, 14, 15, 16, 17


def _fields(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from number 3 on; the command's name before them may hold spaces and brackets."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _seconds(fields: list[str], *numbers: int) -> float:
    return sum(int(fields[number - _AFTER_NAME]) for number in numbers) / _TICKS_PER_SECOND


def family(pid: int) -> set[int]:
    """The process and everything below it."""
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_fields(int(entry.name))[_PARENT - _AFTER_NAME])
            except (FileNotFoundError, ProcessLookupError):
                continue
    members = {pid}
    while found := {child for child, parent in parents.items() if parent in members} - members:
        members |= found
    return members


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and everything below them, those that have ended and were waited for included."""
    total = 0.0
    for pid in set().union(*(family(pid) for pid in pids)):
        try:
            fields = _fields(pid)
            total += _seconds(fields, _ENDED_USER, _ENDED_SYSTEM) + _exact_seconds(pid, fields)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def _exact_seconds(pid: int, fields: list[str]) -> float:
    """In nanoseconds, by thread, where the kernel keeps schedstat; else in ticks."""
    try:
        return sum(int(task.read_text().split()[0]) for task in (_PROC / str(pid) / "task").glob("*/schedstat")) / 1e9
    except (FileNotFoundError, IndexError):
        return _seconds(fields, _USER, _SYSTEM)


def peak_memory_mb(pid: int) -> float:
    """The most memory the process ever held (VmHWM), in MB; 0 if it has ended."""
    try:
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except FileNotFoundError:
        pass
    return 0.0
