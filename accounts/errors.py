"""What a caller can be told about accounts and journals."""

from payment_engine.errors import Conflict, EngineError, NotFound, ValidationFailed


class AccountUnknown(NotFound):
    title = "Account unknown"


class CustomerUnknown(NotFound):
    title = "Customer unknown"


class AccountFrozen(EngineError):
    """The account is frozen: it neither pays nor is paid until the bank opens it again."""

    code, status, title = "account_frozen", 423, "Account frozen"


class AccountClosed(ValidationFailed):
    """The account is closed for good; another one has to be named."""

    code, title = "account_closed", "Account closed"


class InsufficientFunds(ValidationFailed):
    """More is taken than the account has available: booked less held, plus its overdraft limit. A payment takes its amount and its fee."""

    code, title = "insufficient_funds", "Insufficient funds"


class AccountFull(ValidationFailed):
    """Its balance would have more than 18 digits."""

    code, title = "account_full", "Account full"


class CurrencyMismatch(ValidationFailed):
    """A payment is in the currency of both its accounts; nothing is converted."""

    code, title = "currency_mismatch", "Currency mismatch"


class SameAccount(ValidationFailed):
    """Debtor and creditor are one account."""

    code, title = "same_account", "Same account"


class AccountNotEmpty(Conflict):
    """Only an account at zero, with nothing held on it, can be closed."""

    code, title = "account_not_empty", "Account not empty"


class AccountExists(Conflict):
    """Another account of the tenant has this IBAN or number already."""

    code, title = "account_exists", "Account exists"


class CustomerExists(Conflict):
    """Another customer of the tenant has this id already."""

    code, title = "customer_exists", "Customer exists"


class OverdraftInUse(Conflict):
    """The account owes more already than the new overdraft limit allows."""

    code, title = "overdraft_in_use", "Overdraft in use"


class JournalExists(Conflict):
    """This journal is posted already, and posted once it stays."""

    code, title = "journal_exists", "Journal exists"


class AccountStaysClosed(Conflict):
    """A closed account is kept for its history and changes no more."""

    code, title = "account_stays_closed", "Account stays closed"


class AccountShared(Conflict):
    """The bank's own accounts, to which everybody posts, are managed by the engine."""

    code, title = "account_shared", "Account of the bank itself"
