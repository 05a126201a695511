"""What a process loads: commands and workers do without the portal, and those who judge the portal load it."""

import subprocess
import sys

_EMPTY = "import django; django.setup(); from django.contrib import admin; assert not admin.site._registry, 'the portal was loaded'; "


def _run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", _EMPTY + code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_check_of_the_project_looks_at_the_portal() -> None:
    _run(
        "from django.core.management import call_command; call_command('check', tags=['admin']);"
        "from payments.models import Payment; assert Payment in admin.site._registry"
    )


def test_the_addresses_bring_the_portal() -> None:
    _run("from django.urls import resolve; assert resolve('/admin/payments/payment/').url_name == 'payments_payment_changelist'")
