"""Attacks over HTTP: a real token of the attacker against every operation of the published document."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from payment_engine.ids import new_id
from tenants.context import tenant_scope
from tenants.isolation.document import ApiDocument, ApiOperation, fits
from tenants.isolation.findings import Finding, Outcome, held, leak, nothing, unclear
from tenants.isolation.ground import Loot, Raid, tenant_models
from tenants.isolation.web import Answer, Web

DOCUMENT_PATH: Final = "/api/v1/schema?format=json"
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE, _OK = 401, 403, 404, 422, 200
_CLOSED: Final = frozenset({_FORBIDDEN, _NOT_FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRaid:
    """`own` are values of the attacker that a body needs to be taken seriously, such as a payment type it offers."""

    raid: Raid
    loot: Loot
    web: Web
    document: ApiDocument
    token: str = field(repr=False)
    victims_token: str = field(repr=False)

    def ids(self) -> list[str]:
        return [*self.loot.ids(), self.raid.victim.slug, self.raid.victim.tenant.reference]


def attack_api(target: ApiRaid) -> Iterator[Finding]:
    if refusal := _refusal_of_own_token(target):
        yield _finding(target, "every operation", target.web.base_url, unclear(refusal))
        return
    own = _own_codes(target)
    for operation in target.document.operations():
        yield _finding(target, "X-Tenant-ID of the other tenant", operation, _assert_other_tenant(target, operation))
        if operation.path_schemas:
            yield _finding(target, "ids in the path", operation, _ids_in_path(target, operation, own))
        elif operation.reads:
            yield _finding(target, "list, after the other tenant asked", operation, _list(target, operation, own))
        else:
            yield _finding(target, "ids in the body", operation, _ids_in_body(target, operation, own))
    yield from _forged_tokens(target)


def _finding(target: ApiRaid, attack: str, where: object, outcome: Outcome) -> Finding:
    slugs = {"attacker": target.raid.attacker.slug, "victim": target.raid.victim.slug}
    return Finding(area="API", attack=attack, target=str(where), outcome=outcome, **slugs)


def _refusal_of_own_token(target: ApiRaid) -> str | None:
    """Attacks prove nothing at a door that is closed to everybody."""
    reading = _any_list(target)
    answer = target.web.send("GET", reading.path, token=target.token) if reading else None
    if answer is None or answer.status == _OK:
        return None
    return f"one's own token is answered {answer.status}: is this web on the same database, with the same DJANGO_SECRET_KEY?"


def _any_list(target: ApiRaid) -> ApiOperation | None:
    return next((each for each in target.document.operations() if each.reads and not each.path_schemas), None)


def _own_codes(target: ApiRaid) -> dict[str, str]:
    """By property name: `paymentType` is a code of the attacker's model PaymentType."""
    codes = {}
    with tenant_scope(target.raid.attacker.tenant):
        for model in tenant_models():
            name = model.__name__
            found = model._base_manager.order_by("pk").first() if hasattr(model, "code") else None  # noqa: SLF001
            if found is not None:
                codes[name[0].lower() + name[1:]] = str(getattr(found, "code", ""))
    return codes


def _send(target: ApiRaid, operation: ApiOperation, path: str, *, body: object = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if operation.needs_key:
        named["Idempotency-Key"] = new_id().hex
    return target.web.send(operation.method, path, token=target.token, body=body, headers=named)


def _told(target: ApiRaid, answer: Answer, *, sent: str = "") -> str | None:
    return target.loot.found_in(answer.text, but=sent)


def _assert_other_tenant(target: ApiRaid, operation: ApiOperation) -> Outcome:
    path = _address(operation, new_id().hex) + target.document.query(operation, {})
    for named in (target.raid.victim.slug, target.raid.victim.tenant.reference):
        answer = _send(target, operation, path, body=None if operation.reads else {}, X_Tenant_ID=named)
        if answer.status != _FORBIDDEN:
            return leak(f"answered {answer.status} for X-Tenant-ID: {named}")
    return held("403")


def _ids_in_path(target: ApiRaid, operation: ApiOperation, own: Mapping[str, str]) -> Outcome:
    """Ids that the victim itself reaches here (asked with GET) count; without one the others are tried all the same."""
    candidates = [each for each in target.ids() if all(fits(schema, each) for schema in operation.path_schemas.values())]
    if not candidates:
        return nothing("the other tenant has nothing of this kind")
    statuses, reached = set(), 0
    for candidate in candidates:
        path = _address(operation, candidate) + target.document.query(operation, own)
        body = None if operation.body_schema is None else target.document.example(operation.body_schema, target.ids(), own)
        answer = _send(target, operation, path, body=body)
        statuses.add(answer.status)
        if told := _told(target, answer, sent=f"{path} {json.dumps(body)}"):
            return leak(f"{path} answered {answer.status} with {told}")
        if answer.status < 300:  # noqa: PLR2004  # a success
            return leak(f"{path} answered {answer.status}")
        if answer.status not in _CLOSED:
            return unclear(f"{path} answered {answer.status}: {answer.text[:200]}")
        if operation.reads:
            reached += target.web.send("GET", path, token=target.victims_token).status == _OK
    codes = ", ".join(map(str, sorted(statuses)))
    if operation.reads and not reached:
        return nothing(f"{codes}, but the other tenant has nothing here either")
    return held(f"{codes} for {len(candidates)} ids")


def _list(target: ApiRaid, operation: ApiOperation, own: Mapping[str, str]) -> Outcome:
    path = operation.path + target.document.query(operation, own)
    theirs = target.web.send("GET", path, token=target.victims_token)
    mine = _send(target, operation, path)
    if mine.status == _UNPROCESSABLE:  # it needs one of several parameters: those the attacker has a value for
        path = operation.path + target.document.query(operation, own, more=own)
        mine = _send(target, operation, path)
    if told := _told(target, mine):
        return leak(f"shows {told}")
    if mine.status != _OK:
        return unclear(f"answered {mine.status}: {mine.text[:200]}")
    if "public" in mine.headers.get("cache-control", ""):
        return leak("a shared cache may keep the answer")
    return held("shows one's own only") if _told(target, theirs) else nothing("the other tenant's list shows nothing either")


def _ids_in_body(target: ApiRaid, operation: ApiOperation, own: Mapping[str, str]) -> Outcome:
    """Only bodies that refer to something of the victim's are sent: nothing is made for the attacker itself."""
    if operation.body_schema is None:
        return nothing("takes no JSON body")
    body = target.document.example(operation.body_schema, target.ids(), own)
    text = json.dumps(body)
    if not any(each in text for each in target.ids()):
        return nothing("its body refers to nothing")
    answer = _send(target, operation, operation.path, body=body)
    if told := _told(target, answer, sent=text):
        return leak(f"answered {answer.status} with {told}")
    if answer.status < 300:  # noqa: PLR2004  # a success
        return leak(f"accepted with {answer.status}: {text}")
    return held(str(answer.status)) if answer.status in _CLOSED else unclear(f"answered {answer.status}: {answer.text[:200]}")


def _forged_tokens(target: ApiRaid) -> Iterator[Finding]:
    """The attacker's own token with the other tenant's name written into it."""
    reading = _any_list(target)
    if reading is None:
        return
    head, claims, signature = target.token.split(".")
    changed = _encoded(json.loads(_decoded(claims)) | {"tenant": target.raid.victim.slug})
    unsigned = _encoded(json.loads(_decoded(head)) | {"alg": "none"})
    for name, token in {
        "token with another tenant written in": f"{head}.{changed}.{signature}",
        "unsigned token (alg none)": f"{unsigned}.{changed}.",
        "no token": None,
    }.items():
        answer = target.web.send("GET", reading.path, token=token)
        outcome = held("401") if answer.status == _UNAUTHORISED else leak(f"answered {answer.status}")
        yield _finding(target, name, reading, outcome)


def _address(operation: ApiOperation, value: str) -> str:
    path = operation.path
    for name in operation.path_schemas:
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encoded(claims: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
