"""What the official SDK damages, and that the profile `faithful` does not. tests/official proves the official side."""

import json
import time

import made
import pytest

from octavo.document import Label, Recognition, Region, Role, Severity, Task
from octavo.geometry import Box
from octavo.official.format import RawRegion, first_repeated_run, format_page, without_repetition
from octavo.renderers import glmocr_json, markdown
from octavo.settings import OfficialStep, OfficialVersion, ParseOptions, Profile, Shown

FAITHFUL, OFFICIAL = ParseOptions(), ParseOptions(profile=Profile.OFFICIAL)


def texts(parts: list[tuple[Region, Recognition]], options: ParseOptions) -> list[str]:
    """The body of a document of one page, as Markdown."""
    document = made.document(made.page(parts, options=options), options=options)
    [artifact] = markdown.render(document, made.Pictures(), options)
    text = artifact.data.decode().strip()
    return text.split("\n\n") if text else []


@pytest.mark.parametrize(
    ("said", "official"),
    [
        ("1.5 million", "1. 5 million"),
        ("7.4.1", "7. 4.1"),
        ("A.B. Smith", "A. B. Smith"),
        ("costs $5 and $10 total", "costs $5 and$ 10 total"),
        ("(5) apples", "(5) apples"),
    ],
)
def test_numbers_names_and_prices_stay_as_they_are(said: str, official: str) -> None:
    assert texts([made.said(said)], FAITHFUL) == [said]
    assert texts([made.said(said)], OFFICIAL) == [official]


def test_code_keeps_its_lines() -> None:
    code = "```python\ndef f():\n    return 1\n```"
    assert "\n\n".join(texts([made.said(code, Label.ALGORITHM)], FAITHFUL)) == code
    assert "\n\n".join(texts([made.said(code, Label.ALGORITHM)], OFFICIAL)) == code.replace("\n", "\n\n")


def test_a_compound_keeps_its_hyphen() -> None:
    parts = [made.said("a well-"), made.said("known fact")]
    assert "wellknown" in texts(parts, OFFICIAL)[0]
    assert all("wellknown" not in text for text in texts(parts, FAITHFUL))


def test_nothing_after_a_repeated_run_is_thrown_away() -> None:
    text = "Begin. " + "0123456789ab " * 200 + "The end that matters."
    assert texts([made.said(text)], FAITHFUL) == [text]
    [cut] = texts([made.said(text)], OFFICIAL)
    assert cut == "Begin. 0123456789ab"
    page = made.page([made.said(text)], options=OFFICIAL)
    [problem] = page.problems
    assert (problem.code, problem.severity, problem.saved_text) == ("official_repetition_cut", Severity.DOUBTFUL, text)


def test_a_formula_number_without_a_formula_stays_a_text() -> None:
    parts = [made.said("See"), made.said("(7)", Label.FORMULA_NUMBER)]
    assert texts(parts, FAITHFUL) == ["See", "(7)"]
    assert texts(parts, OFFICIAL) == ["See"]
    document = made.document(made.page(parts, options=OFFICIAL), options=OFFICIAL)
    [problem] = document.problems
    assert (problem.code, problem.saved_text, document.status) == ("official_number_dropped", "(7)", "partial")


def test_an_inline_formula_stays_inline() -> None:
    assert texts([made.said("$x$", Label.INLINE_FORMULA)], FAITHFUL) == ["$x$"]
    assert texts([made.said("$x$", Label.INLINE_FORMULA)], OFFICIAL) == ["$$\n$x$\n$$"]


def test_a_region_that_failed_is_gone_from_the_official_result_and_says_so_in_the_ledger() -> None:
    parts = [made.said("before"), made.said(None, problems=(made.LOST,)), made.said("after")]
    document = made.document(made.page(parts, options=OFFICIAL), options=OFFICIAL)
    [artifact] = glmocr_json.render(document, made.Pictures(), OFFICIAL)
    assert [region["index"] for region in json.loads(artifact.data)[0]] == [0, 1]
    assert [block.role for block in document.pages[0].blocks] == [Role.BODY, Role.LEFT_OUT, Role.BODY]
    assert [problem.code for problem in document.problems] == ["engine_lost"]
    assert "Half a sent" in "\n".join(texts(parts, FAITHFUL))


def test_the_text_of_a_picture_is_in_the_official_json_and_missing_from_its_markdown() -> None:
    options = ParseOptions(profile=Profile.OFFICIAL, tasks={Label.IMAGE: Task.TEXT})
    parts = [made.said("cheque no. 5", Label.IMAGE)]
    assert texts(parts, options) == []
    page = made.page(parts, options=options)
    assert [problem.code for problem in page.problems] == ["official_not_in_markdown"]
    shown = options.model_copy(update={"official_shown": {Label.IMAGE: Shown.TEXT}})
    assert texts(parts, shown) == ["cheque no. 5"]


def test_steps_of_the_official_profile_can_be_left_out() -> None:
    parts = [made.said("a well-"), made.said("known fact"), made.said("(7)", Label.FORMULA_NUMBER)]
    without = (OfficialStep.TEXT_BLOCKS, OfficialStep.FORMULA_NUMBERS)
    options = ParseOptions(profile=Profile.OFFICIAL, official_without=without)
    assert texts(parts, options) == ["a well-", "known fact", "(7)"]


def test_every_region_of_a_page_is_somewhere() -> None:
    """In the result, in another entry of it, or listed as dropped."""
    regions = [
        RawRegion("text", "join-", 0),
        RawRegion("formula_number", "(1)", 0),
        RawRegion("display_formula", "x", 0),
        RawRegion("text", " ", 0),
        RawRegion("text", "ed", 0),
        RawRegion("formula_number", "(2)", 0),
    ]
    page = format_page(regions)
    there = {entry.region for entry in page.entries} | {n for entry in page.entries for n in entry.also}
    assert sorted([*there, *page.dropped]) == list(range(len(regions)))


def test_a_long_text_is_searched_for_repetition_in_no_time() -> None:
    """The SDK's expression takes 3.7 s for 32,000 characters without repetition."""
    digits = "".join(str(n * n) for n in range(60_000))[:200_000]
    started = time.process_time()
    assert without_repetition(digits) == digits
    assert without_repetition(digits + " and so on" * 10).endswith(" and so on")
    assert time.process_time() - started < 4.0  # that expression's would be minutes


def test_the_leftmost_run_and_its_shortest_unit_count() -> None:
    assert first_repeated_run("x" * 99) is None
    assert first_repeated_run("-" + "ab" * 60) == (1, 10)
    assert first_repeated_run("abcdefghijkl" * 10 + "-" * 200) == (0, 12)
    assert first_repeated_run("abcdefghijkl" * 9) is None


# --- the version the worker's image is pinned to ------------------------------------------------------------------

OLD = ParseOptions(profile=Profile.OFFICIAL, official_version=OfficialVersion.V0_1_1)


def test_the_older_sdk_leaves_prices_alone_and_joins_only_known_words() -> None:
    assert texts([made.said("costs $5 and $10 total")], OLD) == ["costs $5 and $10 total"]
    assert texts([made.said("a well-"), made.said("known fact")], OLD) == ["a well-", "known fact"]
    assert texts([made.said("an exam-"), made.said("ple of it")], OLD) == ["an example of it"]


def test_the_older_sdk_shows_a_title_and_a_formula_that_failed_empty_and_the_ledger_says_so() -> None:
    lost = [made.said(None, label, problems=(made.LOST,)) for label in (Label.DOC_TITLE, Label.DISPLAY_FORMULA)]
    document = made.document(made.page([*lost, made.said("x")], options=OLD), options=OLD)
    [artifact] = glmocr_json.render(document, made.Pictures(), OLD)
    assert [region["content"] for region in json.loads(artifact.data)[0]] == ["# ", "$$\n\n$$", "x"]
    assert (len(document.problems), document.status) == (2, "partial")


def test_the_older_sdk_says_where_a_picture_is_unless_its_file_is_written_too() -> None:
    figure = [made.said(None, Label.IMAGE, Box(10.5, 20.5, 30.5, 40.5))]
    page = made.document(made.page(figure, options=OLD), options=OLD)
    without_files = OLD.model_copy(update={"formats": ("markdown",)})
    [placed] = markdown.render(page, made.Pictures(), without_files)
    [linked] = markdown.render(page, made.Pictures(), OLD)
    assert placed.data == b"![](page=0,bbox=[10, 20, 30, 40])"
    assert linked.data == b"![Image 0-0](imgs/cropped_page0_idx0.jpg)"
    [artifact] = glmocr_json.render(page, made.Pictures(), OLD)
    assert "image_path" not in json.loads(artifact.data)[0][0]
