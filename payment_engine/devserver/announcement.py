"""What a newcomer reads when everything is up: where to look, who to be, and a payment to paste."""

import base64
import json
import shlex
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from payment_engine.devserver.addresses import PROJECT

_DEMO_TENANT = "demo-bank"


def announcement(*, base_url: str, data_dir: Path, seconds: float) -> str:
    demo_file = data_dir / "demo.json"
    demo = json.loads(demo_file.read_text(encoding="utf-8"))
    return "\n".join(
        [
            *_addresses(base_url, seconds),
            *_logins(demo),
            *_first_payment(base_url, demo),
            f"  Commands: {_command_line(data_dir)}",
            f"  All secrets: {demo_file}",
            "  Ctrl-C stops everything.",
            "",
        ]
    )


def _addresses(base_url: str, seconds: float) -> list[str]:
    return [
        "",
        f"Payment Engine is ready ({seconds:.1f} s).",
        f"  Portal    {base_url}/admin/",
        f"  API docs  {base_url}/api/v1/docs",
        f"  Health    {base_url}/api/v1/health",
        f"  Metrics   {base_url}/metrics",
        "",
    ]


def _command_line(data_dir: Path) -> str:
    where = "" if data_dir == PROJECT / ".local" else f"DATA_DIR={shlex.quote(str(data_dir))} "
    return f"{where}.venv/bin/python manage.py verify_ledger"


def _logins(demo: dict[str, Any]) -> list[str]:
    people = {"platform": demo["platform"], **demo["tenants"]}
    return [
        "  Portal logins of the demo:",
        *(f"    {name:<12} {who['adminUsername']} / {who['adminPassword']}" for name, who in people.items()),
        "",
    ]


def _first_payment(base_url: str, demo: dict[str, Any]) -> list[str]:
    tenant = demo["tenants"].get(_DEMO_TENANT)
    accounts = [account for account in tenant["accounts"] if account["currency"] == "EUR"] if tenant else []
    if len(accounts) < 2:  # noqa: PLR2004  # a payment has two sides
        return []
    try:
        token, lifetime_seconds = _access_token(base_url, tenant["clientId"], tenant["clientSecret"])
    except (OSError, urllib.error.URLError, ValueError, KeyError) as error:
        return [f"  (no example payment: /oauth2/token said {error})"]
    return [
        f"  Book a payment (paste it; the token is good for {lifetime_seconds // 60} minutes):",
        "",
        curl_line(base_url, token=token, debtor=accounts[0]["accountId"], creditor=accounts[1]["accountId"]),
        "",
    ]


def curl_line(base_url: str, *, token: str, debtor: str, creditor: str) -> str:
    payment = {
        "paymentType": "INTERNAL_TRANSFER",
        "debtorAccount": debtor,
        "creditorAccount": creditor,
        "amount": "25.00",
        "currency": "EUR",
        "reference": "HELLO-1",
    }
    headers = [f"Authorization: Bearer {token}", "Idempotency-Key: $(date +%s%N)", "Content-Type: application/json"]
    return " ".join(
        ["curl -sS", f"{base_url}/api/v1/transactions", *(f'-H "{header}"' for header in headers), f"-d '{json.dumps(payment)}'"]
    )


def _access_token(base_url: str, client_id: str, client_secret: str) -> tuple[str, int]:
    request = urllib.request.Request(  # noqa: S310  # our own server on 127.0.0.1
        f"{base_url}/oauth2/token",
        data=urllib.parse.urlencode({"grant_type": "client_credentials"}).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as response:
        answer = json.load(response)
    return str(answer["access_token"]), int(answer["expires_in"])
