"""What a caller can be told about accounts and journals."""

from payment_engine.errors import Conflict, EngineError, NotFound, ValidationFailed


class AccountUnknown(NotFound):
    title = "Account unknown"


class CustomerUnknown(NotFound):
    title = "Customer unknown"


class AccountFrozen(EngineError):
    code, status, title = "account_frozen", 423, "Account frozen"


class AccountClosed(ValidationFailed):
    code, title = "account_closed", "Account closed"


class InsufficientFunds(ValidationFailed):
    code, title = "insufficient_funds", "Insufficient funds"


class AccountFull(ValidationFailed):
    """Its balance would have more than 18 digits."""

    code, title = "account_full", "Account full"


class CurrencyMismatch(ValidationFailed):
    code, title = "currency_mismatch", "Currency mismatch"


class SameAccount(ValidationFailed):
    code, title = "same_account", "Same account"


class AccountNotEmpty(Conflict):
    code, title = "account_not_empty", "Account not empty"


class AccountExists(Conflict):
    code, title = "account_exists", "Account exists"


class CustomerExists(Conflict):
    code, title = "customer_exists", "Customer exists"


class OverdraftInUse(Conflict):
    code, title = "overdraft_in_use", "Overdraft in use"


class JournalExists(Conflict):
    code, title = "journal_exists", "Journal exists"


class AccountStaysClosed(Conflict):
    """A closed account is kept for its history and changes no more."""

    code, title = "account_stays_closed", "Account stays closed"


class AccountShared(Conflict):
    """The bank's own accounts, to which everybody posts, are managed by the engine."""

    code, title = "account_shared", "Account of the bank itself"
