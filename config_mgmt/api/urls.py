"""To be included at `api/v1/`."""

from django.urls import path

from config_mgmt.api import changes, features, rate_limits, settings, tenants, tiers, transfer

_TENANT = "config/tenants/<str:tenant_id>"

urlpatterns = [
    path("config/tenants", tenants.tenants, name="tenants"),
    path(_TENANT, tenants.tenant_view, name="tenant"),
    path(f"{_TENANT}/history", tenants.tenant_history, name="tenant-history"),
    path(f"{_TENANT}/features", features.features, name="features"),
    path(f"{_TENANT}/features/<str:key>", features.feature_view, name="feature"),
    path(f"{_TENANT}/features/<str:key>/kill", features.feature_kill, name="feature-kill"),
    path(f"{_TENANT}/features/<str:key>/history", features.feature_versions, name="feature-history"),
    path(f"{_TENANT}/features/<str:key>/rollback", features.feature_rollback, name="feature-rollback"),
    path(f"{_TENANT}/rate-limits", rate_limits.rate_limits, name="rate-limits"),
    path(f"{_TENANT}/rate-limits/history", rate_limits.rate_limit_versions, name="rate-limit-history"),
    path(f"{_TENANT}/rate-limits/rollback", rate_limits.rate_limit_rollback, name="rate-limit-rollback"),
    path("config/tiers/<str:tier>/defaults", tiers.defaults_of_tier, name="tier-defaults"),
    path("config/tiers/<str:tier>/defaults/history", tiers.history_of_tier, name="tier-defaults-history"),
    path("config/tiers/<str:tier>/defaults/rollback", tiers.rollback_of_tier, name="tier-defaults-rollback"),
    path(f"{_TENANT}/config", settings.settings, name="settings"),
    path(f"{_TENANT}/config/history", settings.setting_history, name="setting-history"),
    path(f"{_TENANT}/config/rollback", settings.setting_rollback, name="setting-rollback"),
    path(f"{_TENANT}/config/diff", settings.setting_diff, name="setting-diff"),
    path(f"{_TENANT}/config/pending", changes.pending_changes, name="pending-changes"),
    path(f"{_TENANT}/config/changes/<str:change_id>/approve", changes.change_approval, name="change-approval"),
    path(f"{_TENANT}/config/changes/<str:change_id>/reject", changes.change_rejection, name="change-rejection"),
    path(f"{_TENANT}/config/export", transfer.configuration_export, name="configuration-export"),
    path(f"{_TENANT}/config/import", transfer.configuration_import, name="configuration-import"),
    path(f"{_TENANT}/config/validate", transfer.configuration_validation, name="configuration-validation"),
]
