"""Answers weighed against the ink of crops in many scripts, and against a text layer.

The crops in tests/weighing are drawn; crops.json names the typeface of each. The texts are the first article of the
Universal Declaration of Human Rights, and invented ones.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from model_server import ModelServer, always, serving
from pdf_maker import make_pdf, text_page
from PIL import Image, ImageDraw, ImageFont

from octavo.document import Crop, Label, Origin, Pixels, Region, Task
from octavo.geometry import Box, PixelBox, Size
from octavo.glm_ocr.weighing import Evidence, Weight, echoed, evidence, shown, speaks_of_itself, weighed
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, Profile, TextLayerUse, WorkerSettings

FOLDER = Path(__file__).parent / "weighing"


@dataclass(frozen=True)
class Made:
    kind: str
    task: Task
    text: str
    pixels: Pixels


def _made() -> list[Made]:
    entries = json.loads((FOLDER / "crops.json").read_text(encoding="utf-8"))
    return [
        Made(
            entry["kind"],
            Task(entry["task"]),
            entry["text"],
            np.asarray(Image.open(FOLDER / entry["file"]).convert("RGB"), np.uint8),
        )
        for entry in entries
    ]


MADE = _made()
every_kind = pytest.mark.parametrize("made", MADE, ids=[made.kind for made in MADE])


def crop(
    pixels: Pixels, task: Task = Task.TEXT, label: Label = Label.TEXT, origin: Origin = Origin.MODEL, layer: str = ""
) -> Crop:
    height, width = pixels.shape[:2]
    region = Region(0, Box.of_page(), label, task, 1.0, origin=origin)
    return Crop(region, pixels, PixelBox(0, 0, width, height), Size(width, height), layer or None)


def known(pixels: Pixels, task: Task = Task.TEXT, **how: object) -> Evidence:
    (found,) = evidence([crop(pixels, task, **how)])  # type: ignore[arg-type]  # of `crop`
    return found


def without_much(text: str, task: Task, part: int) -> str:
    """Without two fifths at its beginning, in the middle or at its end: whole rows of a table, half of a formula."""
    if task is Task.TABLE:
        rows = re.findall(r"<tr>.*?</tr>", text)
        gone = -(-len(rows) * 2 // 5)
        start = (0, (len(rows) - gone) // 2, len(rows) - gone)[part]
        return "<table>" + "".join(rows[:start] + rows[start + gone :]) + "</table>"
    gone = len(text) // 2 if task is Task.FORMULA else len(text) * 2 // 5
    start = (0, (len(text) - gone) // 2, len(text) - gone)[part]
    return text[:start] + text[start + gone :]


@every_kind
def test_what_is_there_is_enough(made: Made) -> None:
    assert weighed(made.text, made.task, known(made.pixels, made.task)).weight is Weight.FAIR


@every_kind
@pytest.mark.parametrize("part", range(3))
def test_two_fifths_less_is_too_little_wherever_they_lack(made: Made, part: int) -> None:
    found = weighed(without_much(made.text, made.task, part), made.task, known(made.pixels, made.task))
    assert found.weight is Weight.SHORT
    assert found.told < found.there


@every_kind
def test_a_tenth_less_is_a_matter_of_reading(made: Made) -> None:
    if made.task is Task.TEXT:
        text = made.text[: len(made.text) * 9 // 10]
        assert weighed(text, made.task, known(made.pixels, made.task)).weight is Weight.FAIR


@every_kind
def test_ten_times_as_much_is_made_up(made: Made) -> None:
    assert weighed(made.text * 10, made.task, known(made.pixels, made.task)).weight is Weight.INVENTED


@every_kind
@pytest.mark.parametrize("times", [0.75, 1.5, 2.0])
def test_the_size_of_type_does_not_matter(made: Made, times: float) -> None:
    if made.kind == "tiny print" and times < 1:
        return  # nobody reads that
    height, width = made.pixels.shape[:2]
    size = round(width * times), round(height * times)
    larger = np.asarray(Image.fromarray(made.pixels).resize(size, Image.Resampling.BICUBIC), np.uint8)
    there = known(larger, made.task)
    assert weighed(made.text, made.task, there).weight is Weight.FAIR
    assert weighed(made.text[: len(made.text) // 2], made.task, there).weight is Weight.SHORT


@every_kind
def test_a_page_that_lies_a_little_aslant_is_weighed_as_well(made: Made) -> None:
    paper = tuple(int(level) for level in np.median(made.pixels.reshape(-1, 3), axis=0))
    picture = Image.fromarray(made.pixels).rotate(2, Image.Resampling.BICUBIC, expand=True, fillcolor=paper)
    there = known(np.asarray(picture, np.uint8), made.task)
    if made.kind != "ruled table" and made.kind != "empty cells":  # rules that cross the strips hide letters
        assert weighed(made.text, made.task, there).weight is Weight.FAIR
        assert weighed(made.text[: len(made.text) // 3], made.task, there).weight is Weight.SHORT


def test_crops_of_a_page_are_weighed_as_each_by_itself() -> None:
    together = evidence([crop(made.pixels, made.task) for made in MADE])
    assert together == [known(made.pixels, made.task) for made in MADE]


@pytest.mark.parametrize("paper", [0, 120, 255])
def test_on_blank_paper_any_answer_is_made_up(paper: int) -> None:
    noise = np.random.default_rng(0).normal(paper, 3, (60, 400, 3)).clip(0, 255).astype(np.uint8)
    assert weighed("Yes", Task.TEXT, known(noise)).weight is Weight.INVENTED
    assert weighed("", Task.TEXT, known(noise)).weight is Weight.FAIR


def test_a_crop_of_one_pixel_or_none_in_a_batch_is_weighed() -> None:
    dot = np.zeros((1, 1, 3), np.uint8)
    assert evidence([]) == []
    assert known(dot).strokes == 0
    assert len(evidence([crop(dot), crop(MADE[0].pixels), crop(dot)])) == 3


@pytest.mark.parametrize("label", [Label.IMAGE, Label.CHART, Label.SEAL])
def test_the_ink_of_drawings_tells_nothing_of_text(label: Label) -> None:
    there = known(MADE[0].pixels, label=label)
    assert weighed("a word", Task.TEXT, there).weight is Weight.FAIR


def test_a_whole_page_may_hold_drawings() -> None:
    there = known(MADE[0].pixels, origin=Origin.WHOLE_PAGE)
    assert weighed("a word", Task.TEXT, there).weight is Weight.FAIR


def test_what_lacks_less_than_a_third_by_ink_is_doubted_and_no_loss() -> None:
    made = MADE[0]
    there = known(made.pixels)
    doubted, lost = (weighed(made.text[: int(len(made.text) * share)], made.task, there) for share in (0.78, 0.6))
    assert (doubted.weight, doubted.surely) == (Weight.SHORT, False)
    assert (lost.weight, lost.surely) == (Weight.SHORT, True)


# --- the text layer -------------------------------------------------------------------------------------------------


@every_kind
def test_a_text_layer_knows_better_than_ink(made: Made) -> None:
    if made.task is Task.FORMULA:
        return
    blot = np.zeros((40, 400, 3), np.uint8)
    there = known(blot, made.task, layer=shown(made.text, made.task))
    assert weighed(made.text, made.task, there).weight is Weight.FAIR
    for part in range(3):
        assert weighed(without_much(made.text, made.task, part), made.task, there).weight is Weight.SHORT


def test_other_words_of_the_same_length_are_not_those_of_the_layer() -> None:
    there = Evidence(strokes=60.0, layer="Invoice 4711 of 3 May, due at once")
    assert weighed("I am sorry, I cannot read this one", Task.TEXT, there).weight is Weight.SHORT


def test_ways_of_writing_the_same_are_the_same() -> None:
    there = Evidence(layer="The ﬁrst oﬀer: 12 kg of Caﬀè, in ﬁve boxes")
    assert weighed("**The first offer:** 12 kg of CAFFÈ, in five boxes", Task.TEXT, there).weight is Weight.FAIR


def test_a_picture_beside_the_layer_s_words_may_hold_more() -> None:
    made = MADE[0]
    there = known(made.pixels, layer="Figure 3")
    assert weighed("Figure 3 " + made.text, made.task, there).weight is Weight.FAIR


# --- what an answer shows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "task", "ink"),
    [
        ("<table><tr><td>A &amp; B</td></tr></table>", Task.TABLE, "A & B"),
        ("## A **bold** title", Task.TEXT, "A bold title"),
        ("```html\n<a>x</a>\n```", Task.TEXT, "<a>x</a>"),
        (r"put $ x_{1}^{2}+\cdots $ there", Task.TEXT, "put x12+... there"),
        ("Contents ........ 7", Task.TEXT, "Contents 7"),
    ],
)
def test_mark_up_has_no_ink(answer: str, task: Task, ink: str) -> None:
    assert "".join(shown(answer, task).split()) == "".join(ink.split())


@pytest.mark.parametrize(
    "answer",
    [
        "I am sorry, I cannot read the text in this image.",
        "I'm sorry, but I can't assist with that request.",
        "Unfortunately, the image is too blurry to be read.",
        "As an AI language model, I do not see pictures.",
        "There is no visible text in the image.",
        "抱歉，我无法识别这张图片中的文字。",
    ],
)
def test_an_answer_that_speaks_of_itself_is_known(answer: str) -> None:
    assert speaks_of_itself(answer)


@pytest.mark.parametrize(
    "text",
    [
        "I am sorry to hear that your parcel came late.",
        "Unfortunately prices have risen again this year.",
        "The image of the town has changed.",
        "We apologise for the delay.",
        "Asana is a yoga posture.",
        "对不起，久等了。",
    ],
)
def test_what_people_write_is_no_refusal(text: str) -> None:
    assert not speaks_of_itself(text)


def test_a_prompt_that_comes_back_is_known() -> None:
    prompts = ("Text Recognition:", "Table Recognition:")
    assert echoed("Text Recognition:", prompts) == echoed("Text Recognition", prompts) == ""
    assert echoed("Table Recognition: <table>", prompts) == "<table>"
    assert echoed("Text Recognition in the wild", prompts) is None


# --- through the worker -----------------------------------------------------------------------------------------------


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def page_of_a_paragraph() -> bytes:
    """A picture of six lines, as a PNG."""
    sheet = Image.new("RGB", (900, 600), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(26)
    for number in range(6):
        draw.text((60, 80 + 38 * number), "All human beings are born free and equal in dignity", "black", font)
    data = BytesIO()
    sheet.save(data, "PNG")
    return data.getvalue()


@asynccontextmanager
async def worker_of(answer: str, detector: str, profile: Profile) -> AsyncIterator[tuple[Worker, ModelServer]]:
    async with serving(always(answer)) as server:
        settings = EngineSettings.model_validate(
            {"engine": "glm-ocr", "detector": detector, "url": server.url, "volume_path": "/no/such/volume"}
        )
        async with Parser(settings) as parser:
            yield Worker(parser, ParseOptions(profile=profile, text_layer=TextLayerUse.OFF), WorkerSettings()), server


@pytest.mark.slow
async def test_the_worker_tells_what_an_answer_lacks_and_keeps_what_the_sdk_gives() -> None:
    job = {"image_base64": base64_of(page_of_a_paragraph())}
    async with worker_of("beings", "embedded", Profile.OFFICIAL) as (worker, server):
        reply = await worker.run(Call(job))
    (region, *others) = reply["result"]["json_result"][0]
    assert reply["status"] == "partial"
    assert region["content"] == "beings"
    assert len(server.asked) == 1 + len(others)  # no more questions than the SDK asks
    assert "short_answer" in [problem["code"] for problem in reply["result"]["problems"]]
    assert reply["result"]["markdown_result"].split() == ["beings"] * (1 + len(others))


async def test_the_text_layer_weighs_a_table_that_the_model_reads() -> None:
    rows = [f"goods {number} at a price of {number}.50" for number in range(13)]
    pdf = make_pdf(text_page(*rows))
    job = {"pdf_base64": base64_of(pdf), "label_task_mapping": {"text": "table"}, "text_layer": "auto"}
    one_row = f"<table><tr><td>{rows[0]}</td></tr></table>"
    async with worker_of(one_row, "whole_page", Profile.FAITHFUL) as (worker, _):
        reply = await worker.run(Call(job))
    whole = "<table>" + "".join(f"<tr><td>{row}</td></tr>" for row in rows) + "</table>"
    async with worker_of(whole, "whole_page", Profile.FAITHFUL) as (worker, server):
        good = await worker.run(Call(job))
    assert (reply["status"], good["status"], len(server.asked)) == ("partial", "success", 1)
    (problem,) = reply["result"]["problems"]
    assert problem["code"] == "short_answer"
    assert "text layer" in problem["message"]
    assert rows[0] in reply["result"]["markdown_result"]
