"""Costs that strangers set grow no faster than what they send: exponents, fitted over CPU time.

A slope of 1 is linear, 2 a square. The bound stands between them, far from both: a busy machine moves single times, not
the slope over a factor of eight.
"""

import math
import time
from collections.abc import Callable

import pytest

from octavo.content import Table
from octavo.document import Usage
from octavo.glm_ocr.connections import Chunks, parsed
from octavo.markup import html
from octavo.markup.cleaning import cleaned
from octavo.pages import select

SQUARE_FROM = 1.6


def slope(work: Callable[[int], object], size: int) -> float:
    """The exponent of the CPU time from `size` to eight times that, the quickest of three."""

    def seconds(size: int) -> float:
        started = time.process_time()
        work(size)
        return time.process_time() - started

    small, large = (min(seconds(size * factor) for _ in range(3)) for factor in (1, 8))
    return math.log(max(large, 1e-6) / max(small, 1e-6), 8)


def a_reply_in_small_chunks(size: int) -> None:
    data, chunks = bytearray(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Chunks()
    for _ in range(size):
        data += b"1\r\nx\r\n"
        assert parsed(data, chunks, ended=False) is None


def a_list_that_names_every_page_again_and_again(size: int) -> None:
    assert len(select(",".join(["1-"] * size), size)) == size


def a_list_of_single_pages(size: int) -> None:
    assert len(select(",".join(str(page) for page in range(size, 0, -1)), size)) == size


def of_markup(piece: str) -> Callable[[int], None]:
    """A table in an answer, with a piece that makes parsers look ahead for its end, again and again."""

    def work(size: int) -> None:
        html.read("<table><tr><td>" + piece * size)
        cleaned(piece * size)

    return work


def a_grid_of_spans(size: int) -> None:
    """Each cell says that it covers a million places."""
    content = html.read("<table>" + "<tr>" + "<td rowspan=1000 colspan=1000>x" * 10 + "</tr>" * 1 + "<tr>" * size)
    assert isinstance(content, Table)
    assert sum(1 for _ in content.placed()) == 10


def what_many_requests_took(size: int) -> None:
    """One after the other, with a pause between any two, as a server that takes one at a time is asked."""
    usage = Usage.total(Usage(requests=1, at_model=((2.0 * number, 2.0 * number + 1),)) for number in range(size))
    assert (usage.requests, len(usage.at_model)) == (size, size)


MARKUP = [
    "<a",
    "<",
    "<!--",
    "<![CDATA[",
    "</",
    "<td",
    "&#",
    "<b>x",
    "<td>x",
    "<tr>",
    "<table>",
    "<script>",
    "`",
    "[a](",
    "$x",
    "![",
    "> **",
]


@pytest.mark.parametrize("piece", MARKUP)
def test_no_mark_up_makes_it_look_again_and_again(piece: str) -> None:
    assert slope(of_markup(f"{piece} "), 400) < SQUARE_FROM


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (a_grid_of_spans, 400),
        (a_reply_in_small_chunks, 5_000),
        (a_list_that_names_every_page_again_and_again, 5_000),
        (a_list_of_single_pages, 5_000),
        (what_many_requests_took, 2_000),
    ],
)
def test_it_grows_no_faster_than_what_was_sent(work: Callable[[int], object], size: int) -> None:
    assert slope(work, size) < SQUARE_FROM
