"""The pytest plugin: every run brings its own servers, whatever the shell's environment points at."""

import os
import subprocess
import sys


def test_a_test_run_never_uses_the_database_of_the_shell() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PAYMENT_ENGINE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "tests/devserver/test_plugin.py"],
        env=environment | {"DATABASE_URL": "postgresql://somebody@production.example/ledger"},
        capture_output=True,
        text=True,
        check=True,
    )
    header = next(line for line in done.stdout.splitlines() if line.startswith("servers: "))
    assert header.startswith("servers: started (/payment_engine?host=")
    assert "production.example" not in done.stdout
