"""The list of sabotages keeps up with the code: each line stands in its file once, and its tests are there."""

import pytest

from tests.sabotage import ROOT, SABOTAGES, Sabotage


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_a_sabotage_finds_its_line(sabotage: Sabotage) -> None:
    text = (ROOT / sabotage.file).read_text()
    assert text.count(sabotage.line) == 1
    assert sabotage.instead != sabotage.line
    for path in sabotage.tests.split():
        assert (ROOT / path.split("::")[0]).exists()
