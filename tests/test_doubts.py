"""Which words of a line the small network reads again, and that a line reads in one piece afterwards."""

import numpy as np
import pytest
from numpy.typing import NDArray

from octavo.networks.doubts import doubted
from octavo.networks.line_networks import Character

WIDTH = 20  # columns of a letter
SIXTH = 120  # columns of a word of five letters with the space behind it


def line(text: str, *, doubtful: int | None = None) -> tuple[list[Character], NDArray[np.bool_]]:
    """The characters of a line, every one sure but the one at a place, and the columns with ink."""
    rivals = [0.5 if place == doubtful else 0.001 for place in range(len(text))]
    characters = [
        Character(sign, WIDTH * place, WIDTH * (place + 1), 0.99, rival)
        for place, (sign, rival) in enumerate(zip(text, rivals, strict=True))
    ]
    return characters, np.repeat([sign != " " for sign in text], WIDTH)


@pytest.mark.parametrize(
    "text",
    [
        "ninety green bottles hanging there",
        "Invoice total 1,234.56 due",
        "Größe, naïve Łódź",
        "It didn't cost $5.00 (plus 19%)",
    ],
)
def test_what_is_sure_is_not_read_again(text: str) -> None:
    assert doubted(*line(text)) == []


def test_only_the_doubtful_word_is_read_again_with_what_can_be_seen_for_the_same_cost() -> None:
    text = "seven green glass jars stand upon these white walls today"
    characters, ink = line(text, doubtful=text.index("stand") + 2)
    ((start, end),) = doubted(characters, ink)
    assert start <= WIDTH * text.index("stand")
    assert end >= WIDTH * (text.index("stand") + 5)
    assert end - start < 2 * SIXTH
    assert not ink[start - 1]
    assert not ink[end]


def test_a_doubtful_space_has_the_words_on_both_sides_read_again() -> None:
    text = "seven green glass jars stand upon these white walls today"
    characters, ink = line(text, doubtful=text.index(" stand"))
    ((start, end),) = doubted(characters, ink)
    assert start <= WIDTH * text.index("jars")
    assert end >= WIDTH * (text.index("stand") + 5)


@pytest.mark.parametrize("odd", ["B8", "α", "≤", "**"])
def test_signs_that_it_confuses_though_it_is_sure_are_read_again(odd: str) -> None:
    text = f"seven green glass jars stand {odd} upon these white walls today"
    ((start, end),) = doubted(*line(text))
    assert start <= WIDTH * text.index(odd) < end


@pytest.mark.parametrize(
    "text", ["on August 3,2014 at", "see Tel.0800 there", "a puppy,sometimes two", "8", "日本語の文章です"]
)
def test_where_a_space_may_be_missing_or_the_script_is_another_the_whole_line_is(text: str) -> None:
    characters, ink = line(text)
    assert doubted(characters, ink) == [(0, len(ink))]


def test_words_that_touch_are_not_cut_apart() -> None:
    text = "seven green glass jars stand upon these white walls today"
    characters, _ = line(text, doubtful=text.index("stand"))
    ink = np.ones(WIDTH * len(text), np.bool_)
    assert doubted(characters, ink) == [(0, len(ink))]
