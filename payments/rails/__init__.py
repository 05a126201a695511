"""Rails that lead out of the bank: what each is told and asked, behind one interface."""

from payments.rails.registry import rail_named
from payments.rails.values import Answer, NotAnswered, Rail, RailOrder, Unavailable, Verdict

__all__ = ["Answer", "NotAnswered", "Rail", "RailOrder", "Unavailable", "Verdict", "rail_named"]
