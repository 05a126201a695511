import pytest
from tests.api import Api
@pytest.mark.django_db
@pytest.mark.parametrize("doc", [b"<x/>", b"<x></x>", b"<x/>\n", b"<x/> <y/>", b"", b" ", b"<!-- -->", b"<?xml version='1.0'?>", b"<x"])
def test_tiny(in_tenant_a, doc):
    api = Api(in_tenant_a)
    r = api._client.generic("POST", "/api/v1/iso20022/pain001", doc, content_type="application/xml", headers={"Authorization": f"Bearer {api.token}"})
    print(doc, r.status_code, r.content[:150])
    assert r.status_code < 500
