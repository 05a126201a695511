"""Addresses of the portal's pages, and reading them."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse


def page_of(model: str, key: object, button: str | None = None) -> str:
    """`accounts_account`, id, and the button pressed on its page."""
    return reverse(f"admin:{model}_{button}" if button else f"admin:{model}_change", args=[key])


def list_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def html(client: Client, url: str, **query: str) -> str:
    response: Any = client.get(url, query)
    assert response.status_code == 200, (url, response.status_code)
    return str(response.content.decode())


def words(page: str) -> str:
    """What a reader sees, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def send(client: Client, url: str, **values: str) -> Any:
    """Open a form as a browser does, fill it, send it, and follow where it leads."""
    form: Any = client.get(url)
    assert form.status_code == 200, (url, form.status_code)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.content.decode()))
    return client.post(url, {**hidden, **values}, follow=True)
