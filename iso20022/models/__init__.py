"""Messages in and out, their bytes, and what became of each transaction in them."""

from iso20022.models.documents import MessageDocument
from iso20022.models.messages import Message
from iso20022.models.transactions import MessageTransaction

__all__ = ["Message", "MessageDocument", "MessageTransaction"]
