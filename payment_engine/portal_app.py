"""The portal as Django's admin application: its site is ours, found when the first page's address is."""

from django.contrib.admin.apps import SimpleAdminConfig


class PortalAdminConfig(SimpleAdminConfig):
    default_site = "payment_engine.portal_site.PortalSite"
