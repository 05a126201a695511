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
        known = self._noted(order)
        if known.verdict:
            return _answer(known)
        script, _, argument = order.metadata.get(self._name, "").partition(":")
        match script:
            case "unavailable" if not argument.isdecimal() or known.sends <= int(argument):
                raise Unavailable(f"{self._name} is closed")
            case "silent" if known.sends == 1:
                raise NotAnswered(f"{self._name} did not answer")
            case "reject":
                self._decide(known, Verdict.REJECTED, f"{argument or _USUAL_REASON} refused by the bank next door")
            case "lost":
                self._decide(known, Verdict.ACCEPTED)
                raise NotAnswered(f"the answer of {self._name} was lost")
            case _:
                self._decide(known, Verdict.ACCEPTED)
        return _answer(known)

    def inquire(self, order: RailOrder) -> Answer:
        known = SimulatedPayment.objects.filter(rail=self._name, uetr=order.uetr).first()
        if known is None or not known.verdict:
            return Answer(verdict=Verdict.NEVER_ARRIVED, detail=f"{self._name} does not know it")
        return _answer(known)

    @transaction.atomic
    def _noted(self, order: RailOrder) -> SimulatedPayment:
        SimulatedPayment.objects.bulk_create([SimulatedPayment(rail=self._name, uetr=order.uetr)], ignore_conflicts=True)
        known = SimulatedPayment.objects.select_for_update().get(rail=self._name, uetr=order.uetr)
        known.sends += 1
        known.save(update_fields=["sends"])
        return known

    @staticmethod
    def _decide(known: SimulatedPayment, verdict: Verdict, detail: str = "") -> None:
        known.verdict, known.detail = verdict.value, detail
        known.save(update_fields=["verdict", "detail"])


def _answer(known: SimulatedPayment) -> Answer:
    return Answer(verdict=Verdict(known.verdict), detail=known.detail)
