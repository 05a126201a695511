from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payment_engine.errors import NotFound
from payment_engine.ids import new_id, parse_id, public_id


def test_new_ids_are_version_7_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert {identifier.version for identifier in made} == {7}
    assert made == sorted(set(made))


@given(st.uuids())
def test_parse_undoes_public_id(value: UUID) -> None:
    assert parse_id("pay", public_id("pay", value)) == value


@pytest.mark.parametrize(
    "text", ["", "pay_", "acc_" + "0" * 32, "pay_" + "0" * 31, "pay_" + "0" * 33, "PAY_" + "0" * 32, "pay_" + "G" * 32, "pay_" + "٠" * 32]
)
def test_a_text_that_can_not_be_an_id_names_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id("pay", text)


@pytest.mark.parametrize("text", ["pay_" + "a" * 32 + "\n", "pay_" + "a" * 32 + "\x00", "pay_" + "A" * 32])
def test_an_id_has_one_spelling(text: str) -> None:
    with pytest.raises(NotFound):
        parse_id("pay", text)
