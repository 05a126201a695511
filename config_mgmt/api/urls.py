"""To be included at `api/v1/`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
