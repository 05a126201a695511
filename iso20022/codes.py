"""The status reason codes we give, with the sentence a person reads. All are in the ISO external code set of 2Q2026."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "AC01": "The account number is not valid.",
    "AC02": "The debtor account is missing or not valid.",
    "AC03": "The creditor account is missing or not valid.",
    "AC04": "The account is closed.",
    "AC06": "The account is blocked.",
    "AC07": "The creditor account is closed.",
    "AC09": "The account's currency is not valid or missing.",
    "AG01": "This kind of transaction is not allowed on the account.",
    "AG03": "This kind of transaction is not supported.",
    "AG08": "The sender has no right to order this.",
    "AM01": "The amount is zero.",
    "AM02": "The amount is above what is allowed.",
    "AM03": "The currency can't be processed.",
    "AM04": "There are not enough funds.",
    "AM09": "The amount is not the one agreed or expected.",
    "AM10": "The control sum does not match the transactions.",
    "AM11": "The currency of the transaction is not valid or missing.",
    "AM12": "The amount is not valid.",
    "AM14": "The amount is above the limit agreed with the customer.",
    "AM19": "The number of transactions in the group is not the one stated.",
    "AM20": "The number of transactions in the payment block is not the one stated.",
    "BE22": "The creditor's name is missing.",
    "CH03": "The requested date is too far in the future.",
    "CH16": "An element is not correctly formatted.",
    "CH17": "An element must not be here.",
    "CH20": "The amount has more decimals than its currency.",
    "CH21": "A compulsory element is missing or empty.",
    "DT01": "The date is not valid or not supported.",
    "DT06": "The requested date was moved.",
    "DU01": "A message with this identification was received before.",
    "DU02": "The payment block's identification is not unique.",
    "DU03": "The transaction is not unique.",
    "DU04": "The end-to-end identification is not unique.",
    "FF01": "The file's format is not valid.",
    "MS03": "The reason is not given.",
    "NARR": "The reason is in the text.",
    "RC01": "The bank identifier is not valid.",
    "TM01": "The transaction came after the cut-off time.",
}


def sentence(code: str) -> str:
    return SENTENCES.get(code, SENTENCES["NARR"])
