"""One dev run for all journeys. They share it, so tests/plugin.py sends all of them to one worker."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.stack import Caller, Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="pe-journey-"))
    folder.chmod(0o711)  # PostgreSQL may have to run as another user
    run = Stack(folder)
    try:
        run.start()
        yield run
    finally:
        run.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def demo_bank(stack: Stack) -> Caller:
    return stack.caller("demo-bank")


@pytest.fixture
def acme_bank(stack: Stack) -> Caller:
    """The demo tenant with a database schema of its own."""
    return stack.caller("acme-bank")
