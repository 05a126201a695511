"""Django's admin site as the portal has it: unfold's, without what it works out for every page and no page of ours shows."""

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class PortalSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Of one app, on its page; everywhere else the sidebar stands for it."""
        return list(super().get_app_list(request, app_label)) if app_label else []

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """As `admin_site.sidebar` has it. Unfold would ask for addresses and permissions again wherever an entry is looked at."""
        groups: list[dict[str, Any]] = self._get_value(self._get_config("SIDEBAR", request)["navigation"], request)
        return groups
