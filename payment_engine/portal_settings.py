"""How the operators' portal looks: names, colours and the sidebar. Values that depend on the request are named, see admin_site.py."""

from typing import Any, Final

from django.templatetags.static import static

_SITE: Final = "payment_engine.admin_site"
HOME: Final = "admin:index"
PAYMENTS: Final = "admin:payments_payment_changelist"
WAITING: Final = "admin:payments_payment_waiting"


def _style(_request: object) -> str:
    return static("portal/portal.css")


def _favicon(_request: object) -> str:
    return static("portal/favicon.svg")


def _page(title: str, icon: str, model: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "page": f"admin:{model}_changelist", "permission": permission}


def _config_page(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "page": f"admin:config_mgmt_{name}", "permission": "sees_tenants_rows"}


def _work_list(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "page": f"admin:payments_payment_{name}", "permission": "sees_tenants_rows"}


SIDEBAR: Final[tuple[dict[str, Any], ...]] = (
    {
        "items": [
            {"title": "Dashboard", "icon": "dashboard", "page": HOME},
            _page("Payments", "payments", "payments_payment", "sees_tenants_rows"),
            _work_list("Waiting for approval", "approval", "waiting"),
            _work_list("Under way", "hourglass_top", "under_way"),
            _page("Accounts", "account_balance_wallet", "accounts_account", "sees_tenants_rows"),
            _page("Customers", "groups", "accounts_customer", "sees_tenants_rows"),
            _page("Journals", "menu_book", "accounts_journal", "sees_tenants_rows"),
            _page("Payment types", "tune", "payments_paymenttype", "sees_tenants_rows"),
            _page("Calendar days", "event_busy", "payments_calendarday", "sees_tenants_rows"),
            _page("Calendars", "calendar_month", "payments_tenantcalendar", "sees_tenants_rows"),
            _page("Messages", "mail", "iso20022_message", "sees_tenants_rows"),
            _page("Outbox", "outbox", "events_outboxevent", "sees_tenants_rows"),
        ]
    },
    {
        "title": "Configuration",
        "separator": True,
        "items": [
            _config_page("Settings", "settings", "settings"),
            _config_page("Feature flags", "toggle_on", "features"),
            _config_page("Rate limits", "speed", "rate_limits"),
            _config_page("Approvals", "how_to_reg", "approvals"),
        ],
    },
    {
        "title": "Platform",
        "separator": True,
        "items": [
            _page("Tenants", "domain", "tenants_tenant", "is_platform"),
            _page("Tiers", "layers", "tenants_tierchange", "is_platform"),
            _page("Placements", "database", "tenants_placement", "is_platform"),
            _page("API clients", "key", "tenants_apiclient", "is_platform"),
            _page("Staff", "badge", "tenants_staffuser", "is_platform"),
            _page("Signing keys", "encrypted", "tenants_signingkey", "is_platform"),
        ],
    },
)
"""Groups of entries. Each names its page and who sees it; `admin_site.sidebar` makes addresses of them."""

UNFOLD: Final[dict[str, Any]] = {
    "SITE_TITLE": "Payment Engine",
    "SITE_HEADER": "Payment Engine",
    "SITE_SUBHEADER": f"{_SITE}.whose_rows",
    "SITE_SYMBOL": "account_balance",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _favicon}],
    "SITE_URL": None,
    "LOGIN": {"form": "tenants.portal.sign_in.SignInForm"},
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "DASHBOARD_CALLBACK": f"{_SITE}.dashboard",
    "GLOBAL_CALLBACK": f"{_SITE}.tenants_to_choose",
    "STYLES": [_style],
    "COLORS": {
        "primary": {
            "50": "#eef6f6",
            "100": "#d5e9ea",
            "200": "#aed4d7",
            "300": "#7db7bd",
            "400": "#4b959d",
            "500": "#2f7a83",
            "600": "#1f626c",
            "700": "#1b4f58",
            "800": "#1a4149",
            "900": "#19373e",
            "950": "#0a2229",
        }
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": f"{_SITE}.sidebar"},
}

_NOBODY: Final = "tenants.portal.model_admin.HiddenModelAdmin"
# django-oauth-toolkit registers its models itself; what it issued is nobody's business here.
OAUTH2_ADMIN_CLASSES: Final = {
    "APPLICATION_ADMIN_CLASS": "tenants.admin.clients.ApiClientAdmin",
    **{
        f"{model}_ADMIN_CLASS": "tenants.portal.model_admin.HiddenModelAdmin"
        for model in ("ACCESS_TOKEN", "GRANT", "ID_TOKEN", "REFRESH_TOKEN")
    },
}
