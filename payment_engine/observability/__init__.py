"""Watching the engine: correlation, JSON logs, metrics and health. Knows nothing of the business apps; they register with it."""
