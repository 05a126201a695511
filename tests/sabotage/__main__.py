"""Breaks the lines. A sabotage that no test notices, or whose line is not there any more, makes the exit status 1."""

import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.sabotage import ROOT, SABOTAGES, Sabotage


def _copy(to: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in files.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def _noticed(sabotage: Sabotage, copy: Path) -> bool | None:
    """True when the tests fail, False when they pass, None when the line is not there."""
    target = copy / sabotage.file
    original = target.read_text()
    if sabotage.line not in original:
        return None
    target.write_text(original.replace(sabotage.line, sabotage.instead, 1))
    try:
        run = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *sabotage.tests.split()]
        return subprocess.run(run, cwd=copy, capture_output=True, check=False).returncode == 1
    finally:
        target.write_text(original)


def main() -> int:
    parser = ArgumentParser(prog="python -m tests.sabotage", description="Break one line after another, and see that the tests notice.")
    parser.add_argument("words", metavar="WORD", nargs="*", help="only those whose name or file has it; without any: all")
    wanted = parser.parse_args().words
    chosen = [s for s in SABOTAGES if not wanted or any(word in s.name or word in s.file for word in wanted)]
    if not chosen:
        parser.error(f"no sabotage has {' or '.join(wanted)} in its name or file")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        _copy(Path(folder))
        for sabotage in chosen:
            noticed = _noticed(sabotage, Path(folder))
            missed += noticed is not True
            verdict = {True: "noticed", False: "NOT NOTICED", None: "LINE NOT FOUND"}[noticed]
            print(f"{verdict:15} {sabotage.file}: {sabotage.name}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
