"""Crops that come again: asked for once, said so, and never at another document's expense."""

import asyncio

import pytest

from octavo.document import Problem, Recognition, Severity, Usage
from octavo.glm_ocr.answers import STEP, ReadBefore


class Model:
    """Counts what it is asked; answers when it is told to."""

    def __init__(self, *answers: Recognition) -> None:
        self.answers = list(answers) or [Recognition("text", usage=Usage(100, 10, 1))]
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def read(self) -> Recognition:
        self.asked += 1
        await self.may_answer.wait()
        return self.answers[min(self.asked, len(self.answers)) - 1]


async def test_crops_of_a_document_that_are_the_same_are_read_once() -> None:
    before, model = ReadBefore(10), Model()
    reading = [asyncio.create_task(before.recognition(b"logo", "d", model.read)) for _ in range(5)]
    await asyncio.sleep(0)
    model.may_answer.set()
    found = await asyncio.gather(*reading)
    assert model.asked == 1
    assert {recognition.text for recognition in found} == {"text"}
    assert sum(STEP in recognition.steps for recognition in found) == 4
    assert sum(recognition.usage.requests for recognition in found) == 1


async def test_a_document_does_not_wait_for_another_ones_crop() -> None:
    before, slow, quick = ReadBefore(10), Model(), Model()
    quick.may_answer.set()
    waiting = asyncio.create_task(before.recognition(b"logo", "long", slow.read))
    await asyncio.sleep(0)
    assert (await before.recognition(b"logo", "short", quick.read)).text == "text"
    slow.may_answer.set()
    await waiting
    assert STEP in (await before.recognition(b"logo", "third", quick.read)).steps


@pytest.mark.parametrize(
    "bad", [Recognition(None), Recognition("cut", problems=(Problem("truncated", "x", Severity.DOUBTFUL),))]
)
async def test_what_was_read_badly_is_read_again(bad: Recognition) -> None:
    before, model = ReadBefore(10), Model(bad, Recognition("good"))
    model.may_answer.set()
    assert await before.recognition(b"x", "d", model.read) == bad
    assert await before.recognition(b"x", "d", model.read) == Recognition("good")


async def test_a_reader_that_is_cancelled_leaves_the_crop_to_the_next() -> None:
    before, model = ReadBefore(10), Model()
    first = asyncio.create_task(before.recognition(b"x", "d", model.read))
    second = asyncio.create_task(before.recognition(b"x", "d", model.read))
    await asyncio.sleep(0)
    first.cancel()
    model.may_answer.set()
    assert (await second).text == "text"
    assert model.asked == 2


async def test_no_more_than_so_many_are_kept() -> None:
    before, model = ReadBefore(2), Model()
    model.may_answer.set()
    for key in (b"a", b"b", b"a", b"c", b"a", b"b"):
        await before.recognition(key, "d", model.read)
    assert model.asked == 4  # b had to make room for c
    nothing_kept, model = ReadBefore(0), Model()
    model.may_answer.set()
    for _ in range(3):
        await nothing_kept.recognition(b"a", "d", model.read)
    assert model.asked == 3
