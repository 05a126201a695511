import pytest, schemathesis
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from drf_spectacular.settings import spectacular_settings
from payment_engine.api.document_settings import SPECTACULAR_SETTINGS
from tests.payment_engine.api.conftest import MIDDLEWARE
from hypothesis import settings as hs, HealthCheck
settings.ROOT_URLCONF="tests.payment_engine.api.site"; settings.MIDDLEWARE=MIDDLEWARE; settings.ALLOWED_HOSTS=["*"]
spectacular_settings.apply_patches(SPECTACULAR_SETTINGS)
schema=schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", get_wsgi_application()).exclude(path_regex="bears|closed")
@schema.parametrize()
@hs(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
def test_api(case):
    case.call_and_validate(headers={"X-Scopes":"payments:read payments:write config:read config:write"})
