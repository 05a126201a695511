"""To be included at `api/v1/`."""

from django.urls import path

from iso20022.api import messages, pain001, statements

urlpatterns = [
    path("iso20022/pain001", pain001.pain001, name="pain001"),
    path("iso20022/messages", messages.messages, name="messages"),
    path("iso20022/messages/<str:message_id>", messages.message, name="message"),
    path("iso20022/messages/<str:message_id>/document", messages.document, name="message-document"),
    path("iso20022/messages/<str:message_id>/report", messages.report, name="message-report"),
    path("iso20022/accounts/<str:account_id>/camt053", statements.camt053, name="camt053"),
]
