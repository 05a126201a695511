"""What customers and accounts may be called. Pure checks, the same for every door; each error points to its member."""

import re
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from stdnum import iban as iban_numbers
from stdnum.exceptions import ValidationError as NotAnIban

from payment_engine.errors import FieldError, ValidationFailed

# No control characters and no noncharacters: XML can't carry them, and names end in statements.
_NOT_TEXT: Final = r"\u0000-\u001f\u007f\ufffe\uffff"
TEXT_PATTERN: Final = f"^[^ {_NOT_TEXT}][^{_NOT_TEXT}]*$"
# No hyphen: the bank's own accounts are numbered FEE-EUR, and nobody may take such a number from them.
NUMBER_PATTERN: Final = "^[0-9A-Za-z][0-9A-Za-z./]{0,33}$"
_NUMBER: Final = re.compile(NUMBER_PATTERN[1:-1])
_TEXT: Final = re.compile(TEXT_PATTERN[1:-1])
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")


class IbanInvalid(ValidationFailed):
    """The IBAN has not the form of its country, or its check digits are wrong."""

    code, title = "iban_invalid", "IBAN invalid"


def check_text(text: str, pointer: str) -> None:
    if _TEXT.fullmatch(text) is None:
        raise _failed(pointer, "this has no control characters and doesn't start with a space")


def check_number(number: str, pointer: str) -> None:
    if _NUMBER.fullmatch(number) is None:
        raise _failed(pointer, "an account number has up to 34 letters, digits, points and slashes")
    if is_iban(number):
        raise _failed(pointer, "this is an IBAN, which may be another account's: it is given as the account's IBAN")


def check_email(email: str, pointer: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise _failed(pointer, "this is not an e-mail address") from None


def in_electronic_form(text: str) -> str:
    """An IBAN as people write it, without its spaces and in capitals."""
    return text.replace(" ", "").upper()


def is_iban(text: str) -> bool:
    """ISO 13616 in electronic form: capitals and digits, right length and check digits for its country."""
    try:
        return _IBAN.fullmatch(text) is not None and iban_numbers.validate(text) == text
    except NotAnIban:
        return False


def check_iban(iban: str, pointer: str) -> None:
    """As `is_iban` says."""
    if not is_iban(iban):
        detail = "this is not a valid IBAN"
        raise IbanInvalid(detail, errors=[FieldError(pointer=pointer, code=IbanInvalid.code, detail=detail)])


def _failed(pointer: str, detail: str) -> ValidationFailed:
    return ValidationFailed(detail, errors=[FieldError(pointer=pointer, code="validation_failed", detail=detail)])
