"""Examples of the published document: a file of one transfer, and what became of it."""

from typing import Final

from payment_engine.api.json import JsonObject

_MESSAGE_ID: Final = "msg_0198c0de471170008000000000000007"
PAIN001: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">
  <CstmrCdtTrfInitn>
    <GrpHdr>
      <MsgId>EXAMPLE-1</MsgId>
      <CreDtTm>2026-01-15T09:30:00Z</CreDtTm>
      <NbOfTxs>1</NbOfTxs>
      <CtrlSum>12.50</CtrlSum>
      <InitgPty><Nm>Ada Lovelace</Nm></InitgPty>
    </GrpHdr>
    <PmtInf>
      <PmtInfId>EXAMPLE-1-A</PmtInfId>
      <PmtMtd>TRF</PmtMtd>
      <ReqdExctnDt><Dt>2026-01-15</Dt></ReqdExctnDt>
      <Dbtr><Nm>Ada Lovelace</Nm></Dbtr>
      <DbtrAcct><Id><IBAN>DE91200000000000000001</IBAN></Id></DbtrAcct>
      <DbtrAgt><FinInstnId><Nm>Demo Bank</Nm></FinInstnId></DbtrAgt>
      <CdtTrfTxInf>
        <PmtId><EndToEndId>EXAMPLE-1-A-1</EndToEndId></PmtId>
        <Amt><InstdAmt Ccy="EUR">12.50</InstdAmt></Amt>
        <Cdtr><Nm>Blaise Pascal</Nm></Cdtr>
        <CdtrAcct><Id><IBAN>DE37200000000000000003</IBAN></Id></CdtrAcct>
        <RmtInf><Ustrd>Invoice 1</Ustrd></RmtInf>
      </CdtTrfTxInf>
    </PmtInf>
  </CstmrCdtTrfInitn>
</Document>
"""
ANSWER: Final[JsonObject] = {
    "originalMessageId": "EXAMPLE-1",
    "groupStatus": "ACSC",
    "transactions": {"accepted": 1, "rejected": 0},
    "findings": [],
    "findingsOmitted": 0,
    "messageId": _MESSAGE_ID,
    "report": f"/api/v1/iso20022/messages/{_MESSAGE_ID}/report",
}
MESSAGE: Final[JsonObject] = {
    "messageId": _MESSAGE_ID,
    "direction": "IN",
    "type": "pain.001.001.09",
    "originalMessageId": "EXAMPLE-1",
    "status": "COMPLETED",
    "groupStatus": "ACSC",
    "processed": 1,
    "total": 1,
    "transactions": {"accepted": 1, "rejected": 0},
    "sizeBytes": 1180,
    "createdAt": "2026-01-15T09:30:05Z",
    "completedAt": "2026-01-15T09:30:05Z",
    "document": f"/api/v1/iso20022/messages/{_MESSAGE_ID}/document",
    "answers": None,
    "report": f"/api/v1/iso20022/messages/{_MESSAGE_ID}/report",
}
MESSAGE_DETAILS: Final[JsonObject] = {**MESSAGE, "findings": [], "findingsOmitted": 0}
