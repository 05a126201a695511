"""Enough Django for a process of its own that only measures."""

SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
