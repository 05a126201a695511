"""`python -m payment_engine.devserver.with_servers -- COMMAND…`: run a command beside throw-away servers, and pass on its exit code.

The caller's DJANGO_ENV and DATABASE_LOGIN stand; PAYMENT_ENGINE_TEST_SERVERS=external makes a pytest inside use the same servers.
"""

import os
import signal
import subprocess
import sys

from payment_engine.devserver.processes import die_with_parent
from payment_engine.devserver.throwaway import ThrowAwayServers


def main(argv: list[str]) -> int:
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        sys.stderr.write("usage: python -m payment_engine.devserver.with_servers -- COMMAND…\n")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ThrowAwayServers() as servers:
            environment = {**servers.environment, "PAYMENT_ENGINE_TEST_SERVERS": "external"}
            environment["DJANGO_ENV"] = os.environ.get("DJANGO_ENV", environment["DJANGO_ENV"])
            return subprocess.run(  # noqa: S603  # the caller's own command
                command,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # one thread, one system call
                check=False,
            ).returncode
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
