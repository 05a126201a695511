"""The list of sabotages keeps up with the code: each line stands in its file once, and its tests are there."""

import re
from pathlib import Path

import pytest

from tests.sabotage import ROOT, SABOTAGES, Sabotage


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_a_sabotage_finds_its_line(sabotage: Sabotage) -> None:
    text = (ROOT / sabotage.file).read_text()
    assert text.count(sabotage.line) == 1
    assert sabotage.instead != sabotage.line
    for path in sabotage.tests.split():
        assert (ROOT / path.split("::")[0]).exists()


FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(.*?\$\$(.*?)\$\$", re.DOTALL)
IN_SQL = [each for each in SABOTAGES if each.file.endswith(".sql")]


def files_in_order(folder: Path) -> list[Path]:
    """What the migrations of one app run, first to last, without the ways back."""
    migrations = "".join(path.read_text() for path in sorted(folder.parent.glob("0*.py")))
    return [folder / name for name in re.findall(r"\w+\.sql", migrations) if not name.endswith("_reverse.sql")]


@pytest.mark.parametrize("sabotage", IN_SQL, ids=lambda each: each.name)
def test_a_sabotaged_function_is_the_one_in_force(sabotage: Sabotage) -> None:
    file = ROOT / sabotage.file
    for name, body in FUNCTION.findall(file.read_text()):
        if sabotage.line in body:
            definitions = [path for path in files_in_order(file.parent) if name in dict(FUNCTION.findall(path.read_text()))]
            assert definitions[-1] == file, name
