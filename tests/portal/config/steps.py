"""What an operator does on the pages of configuration."""

import re
from typing import Any

import msgspec
from django.test import Client

from config_mgmt.admin.pages import url_of
from config_mgmt.flags.documents import FeatureDocument
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.features import save_feature
from config_mgmt.operations.settings import Authority, change_setting
from config_mgmt.values import Actor
from payment_engine.api.json import decode
from tests.portal.pages import send

LIMIT = "payment.max_daily_limit"
ADA = Actor(name="ada", person="ada")


def propose(client: Client, url: str, **values: str) -> Any:
    """Fill the form, look at the difference, confirm it, and follow where that leads."""
    shown = send(client, url, **values)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.content.decode()))
    return client.post(url, {**values, **hidden}, follow=True) if "shown" in hidden else shown


def diff(page: Any) -> list[tuple[str, ...]]:
    """The difference a page shows, as a reader sees it."""
    return [tuple(re.sub(r"<[^>]+>", "", str(cell)) for cell in row) for row in page.context["diff"].rows]


def set_limit(value: str | None, *, actor: Actor = ADA, asks_approval: bool = False, key: str = LIMIT, **more: Any) -> ConfigVersion:
    authority = Authority(is_platform=False, asks_approval=asks_approval)
    version = change_setting(key=key, value=value, actor=actor, authority=authority, **more).version
    assert version is not None
    return version


def make_flag(key: str = "new-fees", *, percentage: int = 50, actor: Actor = ADA, **config: Any) -> ConfigVersion:
    document = {"enabled": True, "config": {"rolloutPercentage": percentage, **config}}
    return save_feature(key=key, document=_document(document), actor=actor)[0]


def setting_page(key: str = LIMIT, **query: str) -> str:
    return url_of("setting", key, **query)


def change_page(key: str = LIMIT, **query: str) -> str:
    return url_of("setting_change", key, **query)


def _document(value: dict[str, Any]) -> FeatureDocument:
    return decode(msgspec.json.encode(value), FeatureDocument)
