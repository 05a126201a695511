"""A bank next door, for demonstrations and tests: it accepts every payment, unless the payment says what should happen.

A member of the payment's `metadata` with the rail's own name is the script:

    {"simulator": "reject:AC04"}      refuses it, with this ISO 20022 reason code (AC04 if none is given)
    {"simulator": "unavailable"}      never takes anything
    {"simulator": "unavailable:2"}    takes nothing twice, then accepts it
    {"simulator": "lost"}             accepts it, and the answer is lost on the way
    {"simulator": "silent"}           neither takes it nor answers, the first time
"""

from typing import Final

from django.db import transaction

from payments.models import SimulatedPayment
from payments.rails.values import Answer, NotAnswered, RailOrder, Unavailable, Verdict

_USUAL_REASON: Final = "AC04"


class Simulator:
    def __init__(self, name: str) -> None:
        self._name = name

    def send(self, order: RailOrder) -> Answer:
        script, _, argument = order.metadata.get(self._name, "").partition(":")
        with transaction.atomic():
            known = self._noted(order, sends=1)
            given_up, is_new = order.attempt <= known.given_up, not known.verdict
            if is_new and not given_up:
                self._follow(script, argument, known)
        if not known.verdict:
            if script == "silent" and known.sends == 1:
                raise NotAnswered(f"{self._name} did not answer")
            raise Unavailable(f"{self._name} was asked about it before it came" if given_up else f"{self._name} is closed")
        if is_new and script == "lost":
            raise NotAnswered(f"the answer of {self._name} was lost")
        return _answer(known)

    def inquire(self, order: RailOrder) -> Answer:
        known = self._noted(order, given_up=order.attempt)
        return _answer(known) if known.verdict else Answer(verdict=Verdict.NEVER_ARRIVED, detail=f"{self._name} does not know it")

    @transaction.atomic
    def _noted(self, order: RailOrder, *, sends: int = 0, given_up: int = 0) -> SimulatedPayment:
        SimulatedPayment.objects.bulk_create([SimulatedPayment(rail=self._name, uetr=order.uetr)], ignore_conflicts=True)
        known = SimulatedPayment.objects.select_for_update().get(rail=self._name, uetr=order.uetr)
        known.sends += sends
        if not known.verdict:
            known.given_up = max(known.given_up, given_up)
        known.save(update_fields=["sends", "given_up"])
        return known

    @staticmethod
    def _follow(script: str, argument: str, known: SimulatedPayment) -> None:
        match script:
            case "unavailable" if not argument.isdecimal() or known.sends <= int(argument):
                return
            case "silent" if known.sends == 1:
                return
            case "reject":
                known.verdict, known.detail = Verdict.REJECTED.value, f"{argument or _USUAL_REASON} refused by the bank next door"
            case _:
                known.verdict = Verdict.ACCEPTED.value
        known.save(update_fields=["verdict", "detail"])


def _answer(known: SimulatedPayment) -> Answer:
    return Answer(verdict=Verdict(known.verdict), detail=known.detail)
