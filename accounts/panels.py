"""Accounts and postings as the portal shows them, on the pages of this app and of those above it."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Account, Hold, Journal, Posting
from payment_engine.ids import public_id
from tenants.portal.cells import NOTHING, Column, Panel, amount, moment, record_link

SHOWN_POSTINGS = 25
SHOWN_HOLDS = 25


def postings_of_account(account: Account) -> Panel:
    """The newest postings of an account, each with the journal it belongs to."""
    posted = Posting.objects.filter(tenant_id=account.tenant_id, account_id=account.pk, account_version__isnull=account.append_only)
    postings = list(posted.order_by(*(("-created_at", "-id") if account.append_only else ("-account_version",)))[:SHOWN_POSTINGS])
    journals = Journal.objects.filter(tenant_id=account.tenant_id).in_bulk({posting.journal_id for posting in postings})
    return Panel(
        title="Latest postings",
        columns=(
            Column(heading="Posted"),
            Column(heading="Value date"),
            Column(heading="Journal"),
            Column(heading="Description"),
            Column(heading="Debit", numeric=True),
            Column(heading="Credit", numeric=True),
            Column(heading="Balance after", numeric=True),
        ),
        rows=[
            (
                moment(posting.created_at),
                posting.value_date.isoformat(),
                journal_link(journals[posting.journal_id]),
                journals[posting.journal_id].description or NOTHING,
                *sides(posting),
                NOTHING if posting.balance_after_minor is None else amount(posting.balance_after_minor, posting.currency),
            )
            for posting in postings
        ],
        empty="Nothing has been posted to this account yet. An opening balance or a payment will be the first.",
    )


def active_holds(account: Account) -> Panel:
    """What is set aside on an account, the newest first, each with the payment that will take it."""
    active = Hold.objects.filter(tenant_id=account.tenant_id, account_id=account.pk, status=Hold.Status.ACTIVE)
    holds = list(active.order_by("-id")[: SHOWN_HOLDS + 1])
    return Panel(
        title=f"Held now (the newest {SHOWN_HOLDS})" if len(holds) > SHOWN_HOLDS else "Held now",
        columns=(Column(heading="Set aside"), Column(heading="For payment"), Column(heading="Amount", numeric=True)),
        rows=[
            (
                moment(hold.created_at),
                record_link("payments_payment_change", hold.payment_id, public_id("pay", hold.payment_id)),
                amount(hold.amount_minor, hold.currency),
            )
            for hold in holds[:SHOWN_HOLDS]
        ],
        empty="Nothing is set aside on this account. A payment that waits to be carried out holds its money here.",
    )


def postings_of_journal(tenant_id: str, journal_id: UUID, title: str = "Postings") -> Panel:
    """Every line of one journal."""
    postings = list(Posting.objects.filter(tenant_id=tenant_id, journal_id=journal_id).order_by("line"))
    accounts = accounts_by_id(tenant_id, (posting.account_id for posting in postings))
    return Panel(
        title=title,
        columns=(
            Column(heading="Line", numeric=True),
            Column(heading="Account"),
            Column(heading="Name"),
            Column(heading="Debit", numeric=True),
            Column(heading="Credit", numeric=True),
            Column(heading="Balance after", numeric=True),
        ),
        rows=[
            (
                str(posting.line + 1),
                record_link("accounts_account_change", posting.account_id, accounts[posting.account_id].number),
                accounts[posting.account_id].name,
                *sides(posting),
                NOTHING if posting.balance_after_minor is None else amount(posting.balance_after_minor, posting.currency),
            )
            for posting in postings
        ],
        empty="This journal has no postings.",
    )


def accounts_by_id(tenant_id: str, account_ids: Iterable[UUID]) -> dict[UUID, Account]:
    return Account.objects.filter(tenant_id=tenant_id).in_bulk(set(account_ids))


def account_label(account: Account) -> str:
    """How a picker names an account."""
    return " · ".join(filter(None, (account.number, account.iban, account.name, account.currency)))


def account_link(account: Account | None) -> str:
    return NOTHING if account is None else record_link("accounts_account_change", account.pk, account.iban or account.number)


def sides(posting: Posting) -> tuple[str, str]:
    """Debit and credit, unsigned, as bookkeepers write them."""
    shown = amount(abs(posting.amount_minor), posting.currency)
    return (shown, "") if posting.amount_minor < 0 else ("", shown)


def journal_link(journal: Journal) -> str:
    return record_link("accounts_journal_change", journal.pk, journal.get_kind_display())
