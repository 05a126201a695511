"""Rows of both tenants, and the owner's login as Django sees it."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from environ import Env

from payment_engine.ids import parse_id
from payments.operations.reverse import reverse_payment
from payments.operations.send_out import send_out_payments
from tenants.context import tenant_scope
from tenants.isolation.ground import Raid, holdings_of, owned_tables
from tenants.registry import TenantRecord
from tests.api import Api
from tests.factories import make_account, make_payment_type

OWNER_ALIAS = "owner"


def furnish(tenant: TenantRecord, name: str) -> None:
    """Customers, funded accounts, a payment with its stored answer and its event, a reversal, and payments that wait or have left."""
    with tenant_scope(tenant):
        make_payment_type(processing_fee="0.10", daily_limit="100000")
        make_payment_type("APPROVED", approval_threshold="1")
        make_payment_type("OUT", rail="simulator", is_synchronous=False)
        ada, bob = make_account(funds_minor=500_00, name=f"{name} current account"), make_account(name=f"{name} savings account")
        body = {"paymentType": "INTERNAL_TRANSFER", "debtorAccount": ada.public_id, "creditorAccount": bob.public_id}
        answer = Api(tenant).post("/transactions", {**body, "amount": "25.00", "currency": "EUR", "reference": f"{name} invoice"})
        assert answer.status_code == 201, answer.content
        for waiting in ({"paymentType": "APPROVED"}, {"paymentType": "OUT", "creditorAccount": "GB33BUKB20201555555555"}):
            assert Api(tenant).post("/transactions", {**body, **waiting, "amount": "2.00", "currency": "EUR"}).status_code == 202
        assert send_out_payments() == 1
        reverse_payment(payment_id=parse_id("pay", answer.json()["transactionId"]), amount_minor=5_00, reason="part of it")


@pytest.fixture
def two_furnished(transactional_db: None, tenant_a: TenantRecord, tenant_b: TenantRecord) -> tuple[TenantRecord, TenantRecord]:
    furnish(tenant_a, "Alpha")
    furnish(tenant_b, "Beta")
    return tenant_a, tenant_b


@pytest.fixture
def raid(two_furnished: tuple[TenantRecord, TenantRecord]) -> Raid:
    """Alpha's attack on what Beta has."""
    attacker, victim = two_furnished
    tables = owned_tables({attacker.schema, victim.schema})
    return Raid(attacker=holdings_of(attacker, tables), victim=holdings_of(victim, tables), tables=tables)


@pytest.fixture
def owner_database(transactional_db: None) -> Iterator[Any]:
    """Django's connection with the owner's login, under the alias `owner`: what migrations and onboarding work with."""
    wrapper = connections["default"].copy(OWNER_ALIAS)
    login = Env.db_url_config(os.environ["DATABASE_OWNER_URL"])
    wrapper.settings_dict.update(USER=login["USER"], PASSWORD=login["PASSWORD"], TENANCY_MODE="owner")
    connections[OWNER_ALIAS] = wrapper
    yield wrapper
    wrapper.close()
    del connections[OWNER_ALIAS]


@pytest.fixture
def planted(owner_connection: psycopg.Connection[Any]) -> Iterator[Any]:
    """Run SQL as the owner now, and other SQL afterwards: `planted("ALTER …", undo="ALTER …")`."""
    undone: list[str] = []

    def plant(statement: str, *, undo: str) -> None:
        undone.append(undo)
        owner_connection.execute(statement)

    yield plant
    connection.close()  # what the test still holds must not block the owner
    for statement in reversed(undone):
        owner_connection.execute(statement)
