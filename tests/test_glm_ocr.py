"""What GLM-OCR wants and returns."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.document import Task
from octavo.geometry import Size
from octavo.glm_ocr.model import (
    MAX_PIXELS,
    PROMPTS,
    AnswerVerdict,
    budget,
    closed_table,
    find_loop,
    joined_tables,
    judged,
    tidied,
    token_bound,
    without_loop,
)

PROSE = " ".join(f"Clause {n} says that party {n * 7 % 31} owes party {n * 13 % 29} goods {n * n}." for n in range(400))


def test_each_task_that_is_read_has_a_prompt() -> None:
    assert set(PROMPTS) == {Task.TEXT, Task.TABLE, Task.FORMULA}


def test_the_budget_is_what_the_model_can_see_whatever_is_asked_for() -> None:
    assert budget(10**9).max_pixels == MAX_PIXELS == 6144 * 28 * 28
    assert budget(1_000_000).max_pixels == 1_000_000


@pytest.mark.parametrize("task", PROMPTS)
def test_tokens_grow_with_the_crop_up_to_the_limit(task: Task) -> None:
    line, paragraph, page = (token_bound(task, Size(*size), 8192) for size in ((560, 28), (840, 280), (1680, 2240)))
    assert 256 <= line < paragraph < page == 8192
    assert token_bound(task, Size(1680, 2240), 512) == 512


def test_tokens_suffice_for_dense_print() -> None:
    """4,000 characters of 6-point print on a crop of 1000 x 400 pixels: at most 2,000 tokens even for Chinese."""
    assert token_bound(Task.TEXT, Size(1000, 400), 8192) >= 4000


@pytest.mark.parametrize(
    "unit", ["the same sentence again. ", "ab", "x", "据查，该公司", "<tr><td>1</td><td></td></tr>"]
)
@pytest.mark.parametrize("before", ["", PROSE[:3000]])
def test_a_loop_at_the_end_is_found_and_said_once(unit: str, before: str) -> None:
    text = before + unit * 300
    loop = find_loop(text, to_the_end=True)
    assert loop is not None
    assert loop.period == len(unit)
    assert abs(loop.start - len(before)) <= len(unit)
    assert without_loop(text) == (before + unit).rstrip()


@given(st.text("abcé语😀 ", min_size=1, max_size=30), st.integers(0, 400), st.booleans())
def test_the_shortest_loops_are_found_whatever_they_are_made_of(unit: str, before: int, to_the_end: bool) -> None:
    least = 64 if to_the_end else 160
    text = PROSE[:before] + "#" + unit * max(8, -(-least // len(unit)))
    loop = find_loop(text, to_the_end=to_the_end)
    assert loop is not None or (not to_the_end and not any(map(str.isalnum, unit)))


def test_text_after_a_loop_is_kept() -> None:
    text = "Start. " + "And so on and so forth. " * 40 + "The end is here."
    assert without_loop(text).startswith("Start. And so on")
    assert without_loop(text).endswith("The end is here.")
    assert len(without_loop(text)) < 80


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "Contents\nIntroduction ........................................................................ 1\n" * 1,
        "<table>" + "<tr><td></td><td></td><td></td></tr>" * 40 + "</table>",  # a form to fill in
        "Name: " + "_" * 300,
        "| " + "--- | " * 80,
        "NA " * 30,
        "",
    ],
)
def test_what_pages_really_repeat_is_no_loop(text: str) -> None:
    assert find_loop(text, to_the_end=False) is None
    assert judged(text, Task.TEXT, "stop") is not AnswerVerdict.LOOP


def test_looking_for_loops_takes_time_in_proportion_to_the_text() -> None:
    """The official SDK's expression takes 0.14 s for 8,000 characters and 3.7 s for 32,000."""
    started = time.process_time()
    for _ in range(3):
        find_loop(PROSE[:8000], to_the_end=False)
        find_loop(PROSE + "tail " * 4000, to_the_end=True)
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize(
    ("text", "task", "finish", "verdict"),
    [
        ("Hello", Task.TEXT, "stop", AnswerVerdict.GOOD),
        ("", Task.TEXT, "stop", AnswerVerdict.EMPTY),
        ("Hello and then", Task.TEXT, "length", AnswerVerdict.CUT),
        ("Hello and then", Task.TEXT, "abort", AnswerVerdict.CUT),
        ("<table><tr><td>1</td></tr>", Task.TABLE, "stop", AnswerVerdict.CUT),
        ("<table><tr><td>1</td></tr></table>", Task.TABLE, "stop", AnswerVerdict.GOOD),
        ("no no no no", Task.TEXT, "repetition", AnswerVerdict.LOOP),
        ("<table>" + "<tr><td></td></tr>" * 400, Task.TABLE, "length", AnswerVerdict.LOOP),
        ("and again, " * 100, Task.TEXT, "stop", AnswerVerdict.LOOP),
    ],
)
def test_verdicts(text: str, task: Task, finish: str, verdict: AnswerVerdict) -> None:
    assert judged(text, task, finish) is verdict


@pytest.mark.parametrize(
    ("said", "task", "text"),
    [
        ("  Hello <|user|>", Task.TEXT, "Hello"),
        ("<|begin_of_box|>$$x$$<|end_of_box|>", Task.FORMULA, "$$x$$"),
        ("```html\n<table></table>\n```", Task.TABLE, "<table></table>"),
        ("```python\nprint(1)\n```", Task.TEXT, "```python\nprint(1)\n```"),
        ("a < b and <b>bold</b>", Task.TEXT, "a < b and <b>bold</b>"),
    ],
)
def test_answers_lose_only_what_is_not_on_the_page(said: str, task: Task, text: str) -> None:
    assert tidied(said, task) == text


def test_a_table_cut_short_ends_after_its_last_row() -> None:
    assert closed_table("<table><tr><td>1</td></tr><tr><td>2") == "<table><tr><td>1</td></tr></table>"
    whole = "<table><tr><td>1</td></tr></table>"
    assert closed_table(whole) == whole
    assert (
        closed_table("<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr><tr>")
        == "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    )
    assert closed_table("plain words") == "plain words"


def test_halves_of_a_table_become_one_table() -> None:
    upper = '<table border="1"><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>'
    lower = "<table><tr><td>2</td></tr></table>"
    joined = joined_tables(upper, lower)
    assert joined == '<table border="1"><tr><th>a</th></tr><tr><td>1</td></tr><tr><td>2</td></tr></table>'
    assert joined_tables(upper, "no table") is None
