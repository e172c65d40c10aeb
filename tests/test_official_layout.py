"""The official profile's regions: the SDK's merging, and what the ledger says of it (glm-ocr-sdk's known losses)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import octavo.networks.pp_doclayout as network
from octavo import regions
from octavo.detectors import pp_doclayout_onnx
from octavo.detectors.pp_doclayout import open_detector
from octavo.document import Detection, Label, PageImage, Severity
from octavo.errors import EngineUnavailable
from octavo.geometry import Box, Size
from octavo.settings import EngineSettings, OfficialVersion, ParseOptions, Profile

OFFICIAL, FAITHFUL = ParseOptions(profile=Profile.OFFICIAL), ParseOptions()
PAGE = PageImage(0, np.full((1754, 1240, 3), 255, np.uint8), 150.0)


def found(label: Label, *box: float, order: float = 0.0, score: float = 0.9) -> Detection:
    return Detection(Box(*box), label, score, order=order)


def read(detections: list[Detection], options: ParseOptions) -> list[Label]:
    """The labels of what is read of a page."""
    settled = regions.settle(detections, PAGE, options)
    return [region.label for region in settled.regions if region.task not in ("skip", "abandon")]


@pytest.mark.parametrize("around", [Label.HEADER, Label.FOOTER, Label.ASIDE_TEXT, Label.IMAGE, Label.CHART])
def test_text_inside_what_is_not_read_is_kept_or_reported(around: Label) -> None:
    """The SDK drops it without a word."""
    detections = [found(around, 100, 50, 900, 400), found(Label.TEXT, 150, 100, 800, 300, order=1.0, score=0.8)]
    assert read(detections, OFFICIAL) == []
    problems = regions.settle(detections, PAGE, OFFICIAL).problems
    [lost] = [problem for problem in problems if problem.code == "official_region_dropped"]
    assert (lost.severity, lost.label, lost.page) == (Severity.LOST, Label.TEXT, 0)
    faithful = regions.settle(detections, PAGE, FAITHFUL)
    boxes = [region.box for region in faithful.regions if region.task == "text"]
    assert any(detections[1].box.covered_by(box) > 0.99 for box in boxes)


def test_a_text_that_holds_a_reference_is_not_lost_with_it() -> None:
    """In the SDK each of the two removes the other."""
    detections = [found(Label.TEXT, 100, 100, 900, 400), found(Label.REFERENCE, 150, 150, 850, 350, order=1.0)]
    assert regions.settle(detections, PAGE, OFFICIAL).regions == []
    assert {problem.severity for problem in regions.settle(detections, PAGE, OFFICIAL).problems} == {Severity.LOST}
    assert read(detections, FAITHFUL) != []


def test_two_views_of_one_text_are_read_once_and_whole() -> None:
    """The SDK keeps the surer box alone, and what only the other one held is lost."""
    detections = [found(Label.TEXT, 100, 100, 900, 200), found(Label.TEXT, 100, 125, 900, 225, order=1.0, score=0.8)]
    assert [region.box.bottom for region in regions.settle(detections, PAGE, OFFICIAL).regions] == [199]
    assert [region.box for region in regions.settle(detections, PAGE, FAITHFUL).regions] == [Box(100, 100, 900, 225)]


def test_what_a_kept_region_reads_anyway_is_no_loss() -> None:
    detections = [found(Label.TABLE, 100, 100, 900, 400), found(Label.TEXT, 150, 150, 400, 200, order=1.0)]
    settled = regions.settle(detections, PAGE, OFFICIAL)
    assert ([region.label for region in settled.regions], settled.problems) == ([Label.TABLE], [])


def test_boxes_are_cut_off_as_the_sdk_cuts_them_off() -> None:
    [region] = regions.settle([found(Label.TEXT, -3.0, 100.6, 500.95, 1003.0)], PAGE, OFFICIAL).regions
    assert region.box == Box(0, int(int(0.1006 * 1754) / 1754 * 1000), int(int(0.50095 * 1240) / 1240 * 1000), 1000)


def test_without_an_onnx_file_the_way_to_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="octavo export"):
        pp_doclayout_onnx.open_detector(EngineSettings())
    file = tmp_path / "layout.onnx"
    file.write_bytes(b"something else")
    with pytest.raises(EngineUnavailable, match=r"'layout\.onnx' cannot be loaded"):
        pp_doclayout_onnx.open_detector(EngineSettings(layout_model=str(file)))


def test_the_networks_answer_becomes_ranked_boxes_in_pixels() -> None:
    logits = np.full((3, 25), -9.0, np.float32)
    logits[0, 21], logits[1, 22], logits[2, 22] = 3.0, 2.0, -1.0  # a table, a text, and one too unsure
    boxes = np.array([(0.5, 0.75, 1.0, 0.5), (0.5, 0.25, 0.5, 0.25), (0.1, 0.1, 0.1, 0.1)], np.float32)
    before = np.zeros((3, 3), np.float32)
    before[0, 1] = -50.0  # the text stands before the table
    before[1, 2] = before[0, 2] = 50.0
    lowest = np.full(25, 0.3, np.float32)
    found = network.found(logits, boxes, before, lowest, Size(1000, 2000))
    seen = list(network.detections(found, Size(1000, 2000)))
    assert [(d.label, d.box) for d in seen] == [
        (Label.TEXT, Box(250, 125, 750, 375)),
        (Label.TABLE, Box(0, 500, 1000, 1000)),
    ]
    assert seen[0].score == pytest.approx(1 / (1 + np.exp(-2)))


@pytest.mark.skipif(find_spec("torch") is not None, reason="nothing is missing here")
def test_a_missing_package_is_named() -> None:
    with pytest.raises(EngineUnavailable, match=r"pip install 'octavo\[gpu\]'"):
        open_detector(EngineSettings())


def test_the_older_sdk_drops_what_is_thinner_than_a_cell_of_its_masks_and_the_ledger_says_so() -> None:
    old = OFFICIAL.model_copy(update={"official_version": OfficialVersion.V0_1_1})
    detections = [found(Label.TEXT, 100, 100, 900, 104.9), found(Label.TEXT, 100, 200, 900, 205.1, order=1.0)]
    settled = regions.settle(detections, PAGE, old)
    assert [region.box.top for region in settled.regions] == [199]
    assert [(problem.code, problem.severity) for problem in settled.problems] == [
        ("official_region_dropped", Severity.LOST)
    ]
    assert len(regions.settle(detections, PAGE, OFFICIAL).regions) == 2
