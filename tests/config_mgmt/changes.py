"""Changes of a setting, the time that passes between them, and what they leave behind."""

from datetime import datetime, timedelta
from typing import Any

from config_mgmt.models import ConfigVersion
from config_mgmt.operations.changes import change_config, database_now
from config_mgmt.queries.versions import active_version
from config_mgmt.values import Actor
from events.models import OutboxEvent

SETTING = ConfigVersion.Kind.SETTING
KEY = "payment.max_daily_limit"
ADA, BOB = Actor(name="ada-key-1", person="ada"), Actor(name="bob", person="bob")
ADA_AGAIN = Actor(name="ada-key-2", person="ada")


def change(value: Any, **more: Any) -> ConfigVersion:
    return change_config(**{"kind": SETTING, "key": KEY, "actor": ADA, "value": value, **more})


def in_force(key: str = KEY) -> Any:
    version = active_version(SETTING, key)
    return version and version.value


def in_an_hour() -> datetime:
    return database_now() + timedelta(hours=1)


def let_time_pass(version: ConfigVersion) -> None:
    """As if the scheduled time had come."""
    ConfigVersion.objects.filter(id=version.id).update(activate_at=database_now() - timedelta(seconds=1))


def topics() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))
