"""Which rail answers to which name."""

from typing import Final

from payments.rails.simulator import Simulator
from payments.rails.values import Rail

_RAILS: Final[dict[str, Rail]] = {name: Simulator(name) for name in ("simulator", "simulator_instant")}


def rail_named(name: str) -> Rail:
    """The rail that leads out under this name. A route in force has no other: activation checks it."""
    return _RAILS[name]
