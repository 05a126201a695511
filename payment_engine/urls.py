"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from payment_engine.observability.health import livez, readyz
from payment_engine.observability.metrics import metrics_view
from tenants.api import health

admin.autodiscover()  # here rather than in every command and worker: it takes half a second

urlpatterns = [
    # What is asked most stands first: each address is compared with those before it.
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("iso20022.api.urls")),
    path("", RedirectView.as_view(url="/admin/")),
    path("livez", livez),
    path("readyz", readyz),
    path("metrics", metrics_view),
    path("", include("tenants.api.urls")),
    path("api/v1/health", health.health),
    path("api/v1/config/health", health.config_health),
    path("api/v1/", include("payment_engine.api.urls")),
    path("api/v1/", include("config_mgmt.api.urls")),
    path("admin/", admin.site.urls),
]
