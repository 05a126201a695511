"""What keeps tenants apart, and says who is asking."""

from typing import Final

from tests.sabotage.sabotage import Sabotage

SABOTAGES: Final = (
    Sabotage(
        name="tables are made without forcing row-level security on their owner",
        file="tenants/database/schema.py",
        line="FORCE ROW LEVEL SECURITY",
        instead="NO FORCE ROW LEVEL SECURITY",
        tests="tests/tenants/test_isolation_gaps.py tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="the policy lets every tenant's rows through",
        file="tenants/database/schema.py",
        line="USING ({_OWN_ROWS}) WITH CHECK",
        instead="USING (true) WITH CHECK",
        tests="tests/tenants/test_isolation_gaps.py tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="the tenant outlives its transaction",
        file="tenants/database/base.py",
        line='sql.SQL("SET LOCAL app.current_tenant',
        instead='sql.SQL("SET app.current_tenant',
        tests="tests/tenants/test_context_binding.py",
    ),
    Sabotage(
        name="X-Tenant-ID is believed",
        file="tenants/middleware.py",
        line="if named is not None and named not in {tenant.slug, tenant.reference}:",
        instead="if named is not None and not named:",
        tests="tests/tenants/identity",
    ),
    Sabotage(
        name="a suspended tenant makes payments",
        file="tenants/middleware.py",
        line='SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})',
        instead='SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})',
        tests="tests/tenants/identity",
    ),
    Sabotage(
        name="an expired token is good",
        file="tenants/tokens.py",
        line='"require"',
        instead='"verify_exp": False, "require"',
        tests="tests/tenants/identity",
    ),
    Sabotage(
        name="what is asked beside the event loop has no tenant",
        file="tenants/database/on_loop.py",
        line="return context.run(function, *args, **kwargs)",
        instead="return function(*args, **kwargs)",
        tests="tests/tenants/test_on_loop.py",
    ),
    Sabotage(
        name="payments that waited are booked in no tenant's scope",
        file="payments/operations/sharing.py",
        line="batch[0].context.run(_settle, batch)",
        instead="_settle(batch)",
        tests="tests/payment_engine/test_loop_handler.py",
    ),
    Sabotage(
        name="a request on the event loop goes on in the context of the one before",
        file="tenants/database/on_loop.py",
        line="request.gr_context = copy_context()",
        instead="request.gr_context = request.gr_context or copy_context()",
        tests="tests/tenants/test_on_loop.py",
    ),
)
