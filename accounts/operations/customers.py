"""Taking on customers and correcting what is known of them."""

from collections.abc import Callable
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import CustomerExists, CustomerUnknown
from accounts.models import Customer
from accounts.rules import check_email, check_text
from payment_engine.errors import FieldError


def create_customer(*, name: str, reference: str | None = None, email: str = "") -> Customer:
    """Raises ValidationFailed, or CustomerExists when another customer has this reference."""
    customer = Customer(name=name, reference=reference, email=email)
    _check(customer)
    _store(customer, create=True)
    customer.refresh_from_db(fields=["created_at"])
    return customer


@transaction.atomic
def update_customer(
    *, customer_id: UUID, precondition: Callable[[Customer], None] = lambda _customer: None, **changes: str | None
) -> Customer:
    """Change `name`, `reference` or `email`, whichever is given. Locks the customer; raises CustomerUnknown and as above.

    `precondition` sees the locked row and raises if the caller's copy of it is outdated.
    """
    customer = Customer.objects.select_for_update(no_key=True).filter(id=customer_id).first()
    if customer is None:
        raise CustomerUnknown("there is no such customer")
    precondition(customer)
    assert changes.keys() <= {"name", "reference", "email"}, "nothing else of a customer changes"  # noqa: S101
    for field, value in changes.items():
        setattr(customer, field, value)
    _check(customer)
    _store(customer, create=False)
    return customer


def _check(customer: Customer) -> None:
    check_text(customer.name, "/name")
    if customer.reference is not None:
        check_text(customer.reference, "/reference")
    if customer.email:
        check_email(customer.email, "/email")


def _store(customer: Customer, *, create: bool) -> None:
    try:
        with transaction.atomic():
            customer.save(force_insert=create)
    except IntegrityError as error:
        if "customer_reference_unique_per_tenant" not in str(error):
            raise
        detail = "another customer has this reference"
        raise CustomerExists(detail, errors=[FieldError(pointer="/reference", code=CustomerExists.code, detail=detail)]) from error
