"""To be included at `api/v1/`."""

urlpatterns: list[object] = []
