"""Outbox and events."""
