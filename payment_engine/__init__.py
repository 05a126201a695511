"""The project package: wiring on top, vocabulary at the bottom."""
