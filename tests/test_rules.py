"""Ruling lines: what is drawn is found, whatever its colour and thickness, and print is not taken for it."""

import time

import cv2
import numpy as np
import pytest
from tabling import Drawing

from octavo.tables.rules import clear_of, find_rules


def test_a_grid_is_found_line_by_line() -> None:
    page = Drawing(400, 300)
    for y in (20, 80, 140, 200):
        page.rule(20, y, 380, y)
    for x in (20, 140, 380):
        page.rule(x, 20, x, 200)

    rules = find_rules(page.pixels)

    assert [round(rule.at) for rule in rules.horizontal] == pytest.approx([20, 80, 140, 200], abs=1.5)
    assert [round(rule.at) for rule in rules.vertical] == pytest.approx([20, 140, 380], abs=1.5)
    assert all(rule.length > 350 for rule in rules.horizontal)
    assert all(rule.length > 170 for rule in rules.vertical)


@pytest.mark.parametrize("thickness", [1, 2, 4])
@pytest.mark.parametrize("colour", [(0, 0, 0), (150, 150, 150), (30, 90, 200)])
def test_colour_and_thickness_make_no_difference(thickness: int, colour: tuple[int, int, int]) -> None:
    page = Drawing(300, 100)
    cv2.line(page.pixels, (20, 50), (280, 50), colour, thickness)

    (rule,) = find_rules(page.pixels).horizontal

    assert rule.at == pytest.approx(50, abs=2)
    assert (rule.start, rule.end) == pytest.approx((20, 280), abs=4)


def test_a_double_line_is_one() -> None:
    page = Drawing(300, 100)
    page.rule(20, 50, 280, 50)
    page.rule(20, 54, 280, 54)

    (rule,) = find_rules(page.pixels).horizontal

    assert rule.at == pytest.approx(52, abs=2)


def test_the_edges_of_a_shaded_row_are_lines() -> None:
    page = Drawing(300, 100)
    page.pixels[40:60, 20:280] = 225

    assert [rule.at for rule in find_rules(page.pixels).horizontal] == pytest.approx([40, 60], abs=2)


def test_a_white_line_on_a_dark_ground_is_found() -> None:
    page = Drawing(300, 100)
    page.pixels[:] = 40
    cv2.line(page.pixels, (20, 50), (280, 50), (255, 255, 255), 1)

    assert len(find_rules(page.pixels).horizontal) == 1


@pytest.mark.parametrize("slope", [-0.03, 0.012, 0.03])
def test_a_line_of_a_skewed_scan_is_found_with_its_slope(slope: float) -> None:
    page = Drawing(700, 200)
    page.rule(20, 100 - 330 * slope, 680, 100 + 330 * slope, 2)

    (rule,) = find_rules(page.pixels).horizontal

    assert rule.slope == pytest.approx(slope, abs=0.004)
    assert rule.at_point(rule.start) == pytest.approx(100 - 330 * slope, abs=3)


def test_noise_of_a_scan_hides_no_line_and_makes_none() -> None:
    page = Drawing(600, 300)
    page.rule(30, 150, 570, 150, 2)
    noise = np.random.default_rng(3).normal(0, 6, page.pixels.shape[:2])[..., None]
    noisy = np.clip(page.pixels + noise, 0, 255).astype(np.uint8)

    rules = find_rules(noisy)

    assert sum(rule.length for rule in rules.horizontal) > 480
    assert not rules.vertical


def test_print_is_no_line() -> None:
    page = Drawing(700, 500)
    for row in range(20):
        cv2.putText(page.pixels, "immunization minimum Illinois HELLO", (20, 30 + 22 * row), 0, 0.6, (0, 0, 0), 1)
        page.write("minimum immunization of all", 400, 18 + 22 * row)
    text = [line.box.to_pixels(page.size) for line in page.lines]

    rules = clear_of(find_rules(page.pixels), text)

    assert not [rule for rule in rules.horizontal if rule.length > 60]
    assert not [rule for rule in rules.vertical if rule.length > 60]


def test_a_picture_without_room_for_a_line_has_none() -> None:
    assert find_rules(np.full((2, 2, 3), 255, np.uint8)).horizontal == ()


def test_a_page_takes_a_fraction_of_a_second() -> None:
    page = Drawing(1240, 1754)
    for row in range(70):
        page.write("words of a page of running text that goes on and on and on", 80, 60 + 23 * row)
    start = time.process_time()
    find_rules(page.pixels)
    assert time.process_time() - start < 3.0  # ten times what it takes
