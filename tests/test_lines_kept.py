"""Whatever line was read on real pages is in the Markdown of its page."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from made import written

from octavo import ParseOptions, Parser
from octavo.content import Formula
from octavo.document import Document, Task

ROOT = Path(__file__).parents[1]
PUBLIC = ROOT.parent / "shared" / "eval" / "public" / "files"
FILES = (
    *(ROOT / "samples" / name for name in ("two-column-paper.pdf", "bank-statement.pdf", "receipt.jpg")),
    *(PUBLIC / name for name in ("olm_multi_column_miss.pdf", "inv_aws.pdf", "rec_booking.pdf", "glm_paper.png")),
)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_that_was_read_is_in_the_output(path: Path, parser: Parser) -> None:
    if not path.exists():
        pytest.skip("the evaluation data is not here")
    made = parser.parse(path, ParseOptions())
    assert lost(made) == []


def lost(made: Document) -> list[str]:
    """Lines of regions that are to be read, whose letters are nowhere on their page; hyphens may have gone.

    What became a formula is written in LaTeX (`test_formulas`).
    """
    missing = []
    for page in made.pages:
        output = letters(" ".join(written(block) or "" for block in page.blocks))
        for block in page.blocks:
            if block.region.task in (Task.SKIP, Task.ABANDON) or isinstance(block.content, Formula):
                continue
            texts = [line.text or "" for line in (*block.recognition.lines, *block.region.lines)]
            missing += [text for text in texts if letters(text) not in output]
    return missing


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", html.unescape(re.sub(r"</?t[a-z]+[^>]*>", " ", text))).lower()
