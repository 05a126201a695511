"""Which of the three logins this process works with."""

from django.db import connection


def is_owner_login() -> bool:
    """True in migrations and onboarding (DATABASE_LOGIN=owner), false in the web and the workers."""
    return bool(connection.settings_dict.get("TENANCY_MODE") == "owner")
