"""Numbers that decide say what they measure, and the tool that moves them finds them, moves them and puts them back."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from octavo import to_markdown
from octavo.layout import ledgers
from octavo.parser import Parser

ROOT = Path(__file__).parents[1]
STATEMENT = ROOT / "samples/bank-statement.pdf"

spec = importlib.util.spec_from_file_location("thresholds", ROOT / "bench" / "thresholds.py")
assert spec is not None
assert spec.loader is not None
thresholds = importlib.util.module_from_spec(spec)
sys.modules["thresholds"] = thresholds
spec.loader.exec_module(thresholds)

NAMED = {one.name: one for module in thresholds.modules() for one in thresholds.named(module)}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_threshold_says_what_it_measures_and_is_used(name: str) -> None:
    assert len(NAMED[name].meaning.split()) > 1
    assert NAMED[name].users, "nothing asks for it"


def test_a_named_threshold_moves_and_comes_back() -> None:
    with NAMED["layout.ledgers.GAP"].moved(1.2):
        assert pytest.approx(1.44) == ledgers._GAP
    assert ledgers._GAP == 1.2


def test_a_whole_number_moves_by_one_at_least() -> None:
    with NAMED["layout.ledgers.FEWEST"].moved(0.9):
        assert ledgers._FEWEST == 2
    assert ledgers._FEWEST == 3


def test_a_number_inside_a_function_moves_and_comes_back() -> None:
    found = {one.name: one for one in thresholds.inline(thresholds.tables.choice)}
    name = next(name for name in found if "_stands_over: 0.12" in name)
    code = thresholds.tables.choice._stands_over.__code__
    with found[name].moved(1.1):
        assert 0.12 not in set(thresholds.fractions(thresholds.tables.choice._stands_over.__code__))
    assert thresholds.tables.choice._stands_over.__code__ is code


KEPT = """
import sys
sys.path.insert(0, sys.argv[1])
import octavo, thresholds
thresholds.keep_what_stays()
with octavo.Parser() as parser:
    for _ in range(2):
        document = parser.parse(sys.argv[2])
        sys.stdout.write(repr(document.problems) + octavo.to_markdown(document) + "\\f")
"""


def test_what_is_kept_while_numbers_move_reads_the_same(parser: Parser) -> None:
    """In a process of its own: it puts itself in the place of the package's functions."""
    command = [sys.executable, "-c", KEPT, str(ROOT / "bench"), str(STATEMENT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    document = parser.parse(STATEMENT)
    assert done.stdout.split("\f")[:2] == [repr(document.problems) + to_markdown(document)] * 2


def test_a_table_shows_what_a_move_did() -> None:
    moved = [thresholds.Moved(0.8, {"a": -3.0, "b": 1.0}), thresholds.Moved(1.2, {})]
    decides = thresholds.Row("layout.ledgers.GAP", 1.2, "sizes of type", moved)
    quiet = thresholds.Row("layout.ledgers.FEWEST", 3, "rows", [thresholds.Moved(0.8, {})])
    rows = [thresholds.Row.of_json(row.as_json()) for row in (quiet, decides)]
    table = "\n".join(thresholds.report(rows))
    page = thresholds.written_into(f"above{thresholds.BEGIN}former{thresholds.END}below", table)
    assert "| `layout.ledgers.GAP` | 1.2 | 2 (-2.0) | – | – | – | sizes of type |" in page
    assert "`layout.ledgers` 1" in page
    assert "former" not in page
    assert page.startswith("above")
    assert page.endswith("below")


def test_the_numbers_of_a_function_move_together() -> None:
    groups = thresholds.together(thresholds.tables.choice)
    group, members = next(found for found in groups if found[0].name.endswith("_stands_over"))
    code = thresholds.tables.choice._stands_over.__code__
    with group.moved(1.1):
        moved = sorted(set(thresholds.fractions(thresholds.tables.choice._stands_over.__code__)))
        assert moved == [pytest.approx(one.value * 1.1) for one in members]
    assert thresholds.tables.choice._stands_over.__code__ is code
