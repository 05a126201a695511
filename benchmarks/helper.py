"""A process of ours that takes orders as JSON lines and answers each: idle between orders, so that variants can take turns."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

PROJECT = Path(__file__).resolve().parent.parent


class Helper:
    """`python -m MODULE ARGUMENTS…`, started when it is first asked for something."""

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **what: object) -> None:
        assert self._process.stdin is not None, "it was opened with a pipe"
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None, "it was opened with a pipe"
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a helper of the benchmark ended with exit code {self._process.wait()}; its messages stand above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None, "it was opened with a pipe"
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """A command of ours to its end; what it printed."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
    ).stdout
