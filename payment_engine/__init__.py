"""The project package: wiring on top, vocabulary at the bottom."""

import gc

# The first thing any process of the product imports: with Python's own thresholds a sixth of its start goes on cycles in what stays.
gc.set_threshold(20_000, 20, 20)
