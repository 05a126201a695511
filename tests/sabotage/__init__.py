"""Does the suite notice? `python -m tests.sabotage`: breaks one line at a time in a copy and expects the tests to fail.

Each sabotage is a plausible slip in a place where money, tenants or messages depend on one line; they stand here by noun.
`python -m tests.sabotage fold middleware` tries those whose name or file has one of the words.
"""

from pathlib import Path
from typing import Final

from tests.sabotage import configuration, idempotency, ledger, messages, rules, tenancy, waiting
from tests.sabotage.sabotage import Sabotage

__all__ = ["ROOT", "SABOTAGES", "Sabotage"]

ROOT: Final = Path(__file__).parents[2]
SABOTAGES: Final = (
    *ledger.SABOTAGES,
    *rules.SABOTAGES,
    *idempotency.SABOTAGES,
    *configuration.SABOTAGES,
    *tenancy.SABOTAGES,
    *messages.SABOTAGES,
    *waiting.SABOTAGES,
)
