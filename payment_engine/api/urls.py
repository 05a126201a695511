"""To be included at `api/v1/`: what the API says about itself."""

from django.urls import path

from payment_engine.api.catalogue import problem_type_view, problem_types_view
from payment_engine.api.document import docs_view, schema_view

urlpatterns = [
    path("problems", problem_types_view, name="problem-types"),
    path("problems/<str:code>", problem_type_view, name="problem-type"),
    path("schema", schema_view, name="schema"),
    path("docs", docs_view, name="docs"),
]
