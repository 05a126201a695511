"""People who sign in to the portal."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from tenants.models.tenants import Tenant


class StaffUser(AbstractUser):  # type: ignore[django-manager-missing]  # of ApiClient, whose base ships no types
    """A person. With a tenant: an operator of that tenant. Without: platform staff."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, blank=True, related_name="staff")

    class Meta(AbstractUser.Meta):
        db_table = "staff_users"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tenant__isnull=True) | models.Q(is_superuser=False), name="staff_superuser_is_platform"
            ),
        ]

    @property
    def is_platform(self) -> bool:
        return self.tenant_id is None
