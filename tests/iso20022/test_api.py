"""Messages through the whole stack: POST a file, read back its state, its bytes, its report and the statements."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from lxml import etree

from accounts.models import Account
from iso20022.models import Message
from iso20022.operations import processing
from iso20022.schemas import compiled
from payments.models import Payment
from tenants.context import tenant_scope
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type
from tests.iso20022.builders import CREDITOR_IBAN, DEBTOR_IBAN, SOON, pain001, payment, transfer

pytestmark = [pytest.mark.django_db]


class XmlApi(Api):
    """Posts XML, by default as application/xml."""

    def send_file(self, document: bytes, query: str = "", content_type: str = "application/xml", **headers: str) -> Any:
        authorised = {"Authorization": f"Bearer {self.token}", **headers}
        return self._client.generic("POST", f"/api/v1/iso20022/pain001{query}", document, content_type=content_type, headers=authorised)


@pytest.fixture
def api(tenant_a: TenantRecord) -> XmlApi:
    return XmlApi(tenant_a)


@pytest.fixture
def debtor(in_tenant_a: TenantRecord) -> Account:
    make_payment_type()
    make_account(iban=CREDITOR_IBAN)
    return make_account(iban=DEBTOR_IBAN, funds_minor=100_00)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def parsed(response: Any) -> etree._Element:
    """The XML of an answer, valid by its own schema."""
    assert response["Content-Type"] == "application/xml"
    root = etree.fromstring(content(response))
    message_type = str(etree.QName(root).namespace).rpartition(":")[2]
    assert compiled(message_type).validate(root), compiled(message_type).error_log
    return root


def test_file_is_answered_with_what_became_of_it(api: XmlApi, debtor: Account) -> None:
    response = api.send_file(pain001(payment(transfer("E1"), transfer("E2", amount="500.00"))))

    assert response.status_code == 200
    body = response.json()
    assert body["messageId"].startswith("msg_")
    assert body["originalMessageId"] == "M1"
    assert body["groupStatus"] == "PART"
    assert body["transactions"] == {"accepted": 1, "rejected": 1}
    (finding,) = body["findings"]
    assert finding == {
        "tier": 5,
        "code": "AM04",
        "level": "transaction",
        "severity": "refuses",
        "path": "/Document/CstmrCdtTrfInitn/PmtInf[1]/CdtTrfTxInf[2]",
        "line": 9,
        "text": finding["text"],
    }
    assert body["report"] == f"/api/v1/iso20022/messages/{body['messageId']}/report"


def test_state_document_and_report_can_be_read(api: XmlApi, debtor: Account) -> None:
    document = pain001()
    sent = api.send_file(document).json()
    path = f"/iso20022/messages/{sent['messageId']}"

    state = api.get(path).json()
    assert (state["status"], state["direction"], state["type"], state["processed"], state["total"]) == (
        "COMPLETED",
        "IN",
        "pain.001.001.09",
        1,
        1,
    )
    assert content(api.get(f"{path}/document", Accept="application/xml")) == document
    assert content(api.get(f"{path}/document")) == document
    report = parsed(api.get(f"{path}/report", Accept="application/xml"))
    assert report.findtext(".//{*}GrpSts") == "ACSC"
    assert parsed(api.get(f"{path}/report")).findtext(".//{*}GrpSts") == "ACSC"
    assert api.get(f"{path}/report", Accept="application/json").json() == sent
    listed = api.get("/iso20022/messages").json()["data"]
    assert [(message["direction"], message["type"]) for message in listed] == [("OUT", "pain.002.001.10"), ("IN", "pain.001.001.09")]
    assert listed[0]["answers"] == sent["messageId"]
    assert [m["messageId"] for m in api.get("/iso20022/messages?direction=IN&status=COMPLETED").json()["data"]] == [sent["messageId"]]


def test_accept_xml_answers_with_the_report_itself(api: XmlApi, debtor: Account) -> None:
    report = parsed(
        api.send_file(
            pain001(version="03").replace(b"BICFI", b"BIC").replace(f"<Dt>{SOON}</Dt>".encode(), str(SOON).encode()),
            Accept="application/xml",
        )
    )

    assert etree.QName(report).namespace == "urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"
    assert report.findtext(".//{*}GrpSts") == "ACSC"


def test_validate_only_books_and_stores_nothing(api: XmlApi, debtor: Account) -> None:
    block = payment(transfer("E1"), transfer("E2", amount="0"))

    body = api.send_file(pain001(block), "?validateOnly=true").json()
    assert (body["groupStatus"], body["transactions"]) == ("PART", {"accepted": 1, "rejected": 1})
    assert [finding["code"] for finding in body["findings"]] == ["AM01"]
    assert "messageId" not in body
    assert api.send_file(pain001(), "?validateOnly=true").json()["groupStatus"] == "ACCP"
    assert api.send_file(pain001(number=9), "?validateOnly=true").json()["groupStatus"] == "RJCT"
    report = parsed(api.send_file(pain001(block), "?validateOnly=true", Accept="application/xml"))
    assert [found.text for found in report.iter("{*}DtldSts")] == ["ACCP", "RJCT"] * 2
    assert Message.objects.count() == Payment.objects.count() == 0


def test_rejected_file_is_200_with_findings(api: XmlApi, debtor: Account) -> None:
    response = api.send_file(pain001(payment(transfer(), transfer(amount="-1"), transfer())))

    assert response.status_code == 200
    body = response.json()
    assert (body["groupStatus"], body["transactions"]) == ("RJCT", {"accepted": 0, "rejected": 3})
    assert [(f["tier"], f["code"], f["level"], f["line"] > 0) for f in body["findings"]] == [(2, "FF01", "group", True)]
    assert parsed(api.get(f"/iso20022/messages/{body['messageId']}/report", Accept="application/xml")).findtext(".//{*}Cd") == "FF01"


@pytest.mark.parametrize("document", [b" ", b"hello", b"<a>", b"<!DOCTYPE a><a/>", b'{"Document": {}}'])
def test_what_is_no_xml_is_malformed(api: XmlApi, document: bytes) -> None:
    response = api.send_file(document)

    assert (response.status_code, response.json()["code"]) == (400, "malformed_xml")


def test_same_bytes_are_replayed_and_other_bytes_refused(api: XmlApi, debtor: Account) -> None:
    first = api.send_file(pain001())

    again = api.send_file(pain001())
    other = api.send_file(pain001(payment(transfer(amount="11.00"))))
    other_in_xml = api.send_file(pain001(payment(transfer(amount="12.00"))), Accept="application/xml")

    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (200, first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (409, "duplicate_message")
    assert [(e["pointer"], e["code"]) for e in other.json()["errors"]] == [("/Document/CstmrCdtTrfInitn/GrpHdr/MsgId", "DU01")]
    assert parsed(other_in_xml).findtext(".//{*}Cd") == "DU01"
    assert Payment.objects.count() == 1


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/xml; charset=utf-16", ""])
def test_other_media_types_are_refused(api: XmlApi, content_type: str) -> None:
    assert api.send_file(pain001(), content_type=content_type).status_code == 415


def test_too_large_is_refused(api: XmlApi) -> None:
    with override_settings(MESSAGE_LIMIT_BYTES=1000):
        response = api.send_file(pain001(payment(*[transfer(f"E{index}") for index in range(10)])))

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/iso20022/messages/msg_" + "0" * 32, "not_found"),
        ("/iso20022/messages/nonsense", "not_found"),
        ("/iso20022/messages/msg_" + "0" * 32 + "/document", "not_found"),
        ("/iso20022/messages/msg_" + "0" * 32 + "/report", "not_found"),
        ("/iso20022/accounts/acc_" + "0" * 32 + "/camt053", "not_found"),
    ],
)
def test_unknown_things_are_not_found(api: XmlApi, path: str, code: str) -> None:
    response = api.get(path)

    assert (response.status_code, response.json()["code"]) == (404, code)


def test_another_tenant_finds_nothing(api: XmlApi, debtor: Account, tenant_b: TenantRecord) -> None:
    sent = api.send_file(pain001()).json()
    neighbour = XmlApi(tenant_b)

    for path in ("", "/document", "/report"):
        assert neighbour.get(f"/iso20022/messages/{sent['messageId']}{path}").status_code == 404
    assert neighbour.get(f"/iso20022/accounts/{debtor.public_id}/camt053").status_code == 404
    assert neighbour.get("/iso20022/messages").json()["data"] == []


def test_scopes_are_needed(tenant_a: TenantRecord) -> None:
    reader = XmlApi(tenant_a, scopes=["iso20022:read"])
    writer = XmlApi(tenant_a, scopes=["iso20022:write"])

    assert reader.send_file(pain001()).status_code == 403
    assert writer.get("/iso20022/messages").status_code == 403


def test_statement_as_camt053(api: XmlApi, debtor: Account) -> None:
    api.send_file(pain001())
    today = datetime.now(UTC).date()

    newer = parsed(api.get(f"/iso20022/accounts/{debtor.public_id}/camt053?date={today}", Accept="application/xml"))
    older = parsed(api.get(f"/iso20022/accounts/{debtor.public_id}/camt053?version=camt.053.001.02"))

    assert [found.findtext("{*}Amt") for found in newer.iter("{*}Bal")] == ["0.00", "90.00"]
    assert etree.QName(older).namespace == "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
    assert api.get(f"/iso20022/accounts/{debtor.public_id}/camt053", Accept="application/json").status_code == 406
    assert api.get(f"/iso20022/accounts/{debtor.public_id}/camt053?date=yesterday").status_code == 400
    refused = api.get(f"/iso20022/accounts/{debtor.public_id}/camt053?date={today + timedelta(days=2)}").json()
    assert (refused["status"], refused["code"], refused["errors"][0]["pointer"]) == (422, "date_out_of_range", "?date")


def test_long_file_is_pending_until_a_worker_finishes_it(
    api: XmlApi, debtor: Account, monkeypatch: pytest.MonkeyPatch, tenant_a: TenantRecord
) -> None:
    monkeypatch.setattr(processing, "CHUNK", 2)
    transfers = [transfer(f"E{index}", amount="1.00") for index in range(5)]
    with override_settings(ISO20022_SECONDS=0.0):
        sent = api.send_file(pain001(payment(*transfers))).json()
    path = f"/iso20022/messages/{sent['messageId']}"

    assert (sent["groupStatus"], "report" in sent) == ("PDNG", False)
    state = api.get(path).json()
    assert (state["status"], state["processed"], state["total"]) == ("PROCESSING", 2, 5)
    assert (api.get(f"{path}/report").status_code, api.get(f"{path}/report").json()["code"]) == (404, "report_not_ready")
    with tenant_scope(tenant_a):
        from iso20022.tasks import finish_message

        assert finish_message(Message.objects.get(direction="IN").id.hex) == 3
    assert api.get(path).json()["status"] == "COMPLETED"
    assert parsed(api.get(f"{path}/report", Accept="application/xml")).findtext(".//{*}GrpSts") == "ACSC"
