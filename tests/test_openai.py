"""The recogniser against a server that behaves, and against servers that do not."""

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import cv2
import numpy as np
import pytest
from model_server import Asked, ModelServer, Reply, Script, always, free_port, serving
from pydantic import SecretStr

from octavo.document import Crop, Label, Pixels, Recognition, Region, Severity, Task, TextSource
from octavo.errors import EngineUnavailable, OptionInvalid
from octavo.geometry import Box, PixelBox, Size
from octavo.glm_ocr.remote import base_url
from octavo.recognizers.openai import ChatRecognizer, open_recognizer
from octavo.settings import EngineSettings

QUICK = {"retry_seconds": 0.02, "connect_seconds": 5.0, "request_seconds": 5.0, "vllm_boot_seconds": 5.0}


@asynccontextmanager
async def reading(server: ModelServer | str, **settings: object) -> AsyncIterator[ChatRecognizer]:
    url = server if isinstance(server, str) else server.url
    knobs = {"url": url, "answers_kept": 0, **QUICK, **settings}  # the crops here are all alike
    recognizer = await open_recognizer(EngineSettings.model_validate(knobs))
    try:
        yield recognizer
    finally:
        await recognizer.close()


def lines_of_text(count: int = 4, width: int = 560, text: str = "line of a text") -> Pixels:
    """White paper with `count` lines of black text, 56 pixels apart."""
    pixels = np.full((56 * count, width, 3), 255, np.uint8)
    for number in range(count):
        cv2.putText(pixels, text, (10, 56 * number + 38), 0, 1.0, (0, 0, 0), 2)
    return pixels


def word(width: int = 560, height: int = 224) -> Pixels:
    """White paper with a word that any short answer may be."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    cv2.putText(pixels, "read", (10, height // 2), 0, 1.0, (0, 0, 0), 2)
    return pixels


def crop(pixels: Pixels | None = None, task: Task = Task.TEXT, label: Label = Label.TEXT) -> Crop:
    pixels = word() if pixels is None else pixels
    region = Region(0, Box.of_page(), label, task, 1.0)
    height, width = pixels.shape[:2]
    return Crop(region, pixels, PixelBox(0, 0, width, height), Size(width, height))


async def read_one(recognizer: ChatRecognizer, one: Crop | None = None) -> Recognition:
    (recognition,) = await recognizer.recognize([one or crop()], document="d")
    return recognition


def codes(recognition: Recognition) -> list[str]:
    return [problem.code for problem in recognition.problems]


async def eventually(happened: Callable[[], bool]) -> None:
    for _ in range(6000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within a minute")


# --- the request -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "prompt"),
    [(Task.TEXT, "Text Recognition:"), (Task.TABLE, "Table Recognition:"), (Task.FORMULA, "Formula Recognition:")],
)
async def test_the_request_is_the_official_one(task: Task, prompt: str) -> None:
    """The body the official SDK 0.1.5 sends, but for the bound on tokens and the JPEG's quality."""
    async with serving(always("<table><td>read</table>")) as server, reading(server) as recognizer:
        recognition = await read_one(recognizer, crop(task=task))
    (asked,) = server.asked
    body = dict(asked.body)
    assert body.pop("messages")[0]["role"] == "user"
    assert 256 <= body.pop("max_tokens") <= 8192
    assert body == {"model": "glm-ocr", "temperature": 0.0, "top_p": 1e-5, "top_k": 1, "repetition_penalty": 1.1}
    assert asked.prompt == prompt
    assert asked.size == (560, 224)
    assert np.abs(asked.pixels.astype(int) - word().astype(int)).mean() < 3
    assert recognition.source is TextSource.RECOGNIZER
    assert recognition.usage.prompt_tokens == 100
    assert recognition.usage.requests == 1
    assert recognition.problems == ()
    assert recognition.steps == ()


async def test_a_crop_gets_its_margin_whatever_was_encoded_before_it() -> None:
    small = replace(crop(word(300, 56)), size=Size(336, 84))
    async with serving(always("text")) as server, reading(server) as recognizer:
        await recognizer.recognize([crop(np.zeros((300, 700, 3), np.uint8)), small], document="d")
    (asked,) = (asked for asked in server.asked if asked.size == (336, 84))
    assert np.abs(asked.pixels[:56, :300].astype(int) - word(300, 56).astype(int)).mean() < 3
    assert (asked.pixels[64:] > 250).all()
    assert (asked.pixels[:, 304:] > 250).all()


async def test_more_are_in_flight_as_long_as_vllm_has_none_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.02)
    async with serving(always("text", delay=0.4), sequences=48) as server, reading(server) as recognizer:
        assert recognizer.at_once == 32
        await recognizer.recognize([crop(word(height=56))] * 400, document="d")
        assert 48 <= recognizer.at_once <= 54
        # 48 running look like room under a limit of 109 at most, however late one looks: twice 64 is the last step.
        assert 48 < server.most_in_flight <= 128


async def test_a_server_that_still_boots_is_followed_once_it_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.01)
    server = ModelServer(always("text", delay=0.1), port=free_port(), sequences=100)
    async with reading(server) as recognizer:
        reads = asyncio.create_task(recognizer.recognize([crop(word(height=56))] * 400, document="d"))
        await asyncio.sleep(0.3)  # many looks
        async with server:
            await reads
        assert recognizer.at_once > 32


def once_together(count: int) -> Script:
    """Answers nothing until so many have asked, however slowly a busy machine sends them."""
    asked, together = itertools.count(1), asyncio.Event()

    async def script(_: Asked) -> Reply:
        if next(asked) == count:
            together.set()
        await together.wait()
        return Reply("text", delay=0.05)

    return script


async def test_a_server_that_tells_no_load_keeps_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.01)
    async with serving(once_together(32)) as server, reading(server) as recognizer:
        await recognizer.recognize([crop(word(height=56))] * 200, document="d")
        assert server.most_in_flight == recognizer.at_once == 32


async def test_connections_are_a_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.01)
    async with (
        serving(once_together(40), sequences=500) as server,
        reading(server, connection_pool_size=40) as recognizer,
    ):
        await recognizer.recognize([crop(word(height=56))] * 400, document="d")
        assert server.most_in_flight == recognizer.at_once == 40


async def test_a_limit_that_is_given_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.recognizers.openai.QUICK", 0.01)
    async with serving(always("text"), sequences=500) as server, reading(server, requests_in_flight=5) as recognizer:
        await recognizer.recognize([crop()] * 100, document="d")
        assert recognizer.at_once == 5
        assert server.most_in_flight <= 5


async def test_answers_come_back_in_the_order_of_the_crops() -> None:
    crops = [crop(word(280 + 28 * n)) for n in range(20)]
    async with (
        serving(lambda asked: Reply(f"{asked.size[0]}", delay=0.02 * (asked.number % 3))) as server,
        reading(server) as recognizer,
    ):
        recognitions = await recognizer.recognize(crops, document="d")
    assert [recognition.text for recognition in recognitions] == [f"{280 + 28 * n}" for n in range(20)]


async def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        serving(always("no", status=403)) as server,
        reading(server, api_key=SecretStr("sesame")) as recognizer,
    ):
        recognition = await read_one(recognizer)
        shown = f"{recognizer.described} {recognition} {caplog.text}"
    assert server.asked[0].headers["Authorization"] == "Bearer sesame"
    assert codes(recognition) == ["engine_refused"]
    assert "sesame" not in shown


async def test_the_key_does_not_follow_a_redirect() -> None:
    async with serving(always("stolen")) as thief:
        elsewhere = {"Location": f"{thief.url}/v1/chat/completions"}
        async with (
            serving(lambda asked: Reply(status=307, headers=elsewhere)) as server,
            reading(server, api_key=SecretStr("sesame")) as recognizer,
        ):
            recognition = await read_one(recognizer)
    assert codes(recognition) == ["engine_refused"]
    assert thief.asked == []


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("The model `glm-ocr` does not exist, your key is sk-abc123", "does not know the model"),
        ("maximum context length is 4096, see http://internal/x?key=1", "longer than the model's context"),
        ("<script>alert(1)</script> in /opt/server/app.py", ""),
    ],
)
async def test_what_the_server_says_is_told_by_its_meaning_and_never_repeated(said: str, meaning: str) -> None:
    async with serving(always(said, status=404)) as server, reading(server) as recognizer:
        (problem,) = (await read_one(recognizer)).problems
    assert "HTTP 404" in problem.message
    assert meaning in problem.message
    assert not any(secret in problem.message for secret in ("sk-", "internal", "script", "/opt"))


async def test_a_user_in_the_server_s_address_is_sent_and_never_shown() -> None:
    async with serving(always("read")) as server:
        address = server.url.replace("http://", "http://reader:p%40ss@")
        async with reading(server, url=address) as recognizer:
            recognition = await read_one(recognizer)
            assert "p%40ss" not in recognizer.described
            assert "reader" not in recognizer.described
    assert recognition.text == "read"
    assert server.asked[0].headers["Authorization"] == "Basic cmVhZGVyOnBAc3M="


async def test_a_user_and_a_key_at_once_are_refused() -> None:
    async with serving(always("read")) as server:
        with pytest.raises(OptionInvalid, match="one of them"):
            async with reading(server, url="http://a:b@127.0.0.1:1", api_key=SecretStr("sesame")):
                pass


async def test_token_probabilities_become_a_confidence() -> None:
    async with (
        serving(always("Hi", logprobs=(0.0, -0.2))) as server,
        reading(server, confidences=True) as recognizer,
    ):
        recognition = await read_one(recognizer)
    assert server.asked[0].body["logprobs"] is True
    assert recognition.confidence == pytest.approx(0.905, abs=0.001)


async def test_a_strict_server_is_asked_without_what_it_does_not_know() -> None:
    def strict(asked: Asked) -> Reply:
        for field in ("top_k", "repetition_penalty"):
            if field in asked.body:
                return Reply(f"Unrecognized request argument supplied: {field}", status=400)
        return Reply("read")

    async with serving(strict) as server, reading(server) as recognizer:
        first = await read_one(recognizer)
        asked = len(server.asked)
        second = await read_one(recognizer)
    assert first.text == second.text == "read"
    assert len(server.asked) == asked + 1


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("http://host:8080", "http://host:8080/v1"),
        ("host:8080/", "http://host:8080/v1"),
        ("https://host/v1/", "https://host/v1"),
        ("https://host/api/v3/chat/completions", "https://host/api/v3"),
    ],
)
def test_addresses_as_people_type_them(typed: str, address: str) -> None:
    assert base_url(typed) == address


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(OptionInvalid):
        base_url("ftp://host")


@pytest.mark.parametrize("url", ["http://127.1:8080", "http://host:99999", "http://[::1", "http://a b/"])
def test_a_malformed_address_is_refused(url: str) -> None:
    with pytest.raises(OptionInvalid):
        base_url(url)


# --- many at a time ----------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_the_limit_in_flight_is_used_and_kept() -> None:
    async with (
        serving(always("x", delay=0.03)) as server,
        reading(server, requests_in_flight=8) as recognizer,
    ):
        await asyncio.gather(*(recognizer.recognize([crop()] * 15, document=f"d{n}") for n in range(4)))
    assert server.most_in_flight == 8


async def test_one_page_does_not_wait_behind_five_hundred() -> None:
    answers, begun = asyncio.Semaphore(0), list[str]()  # as many are given as the test releases

    async def when_released(asked: Asked) -> Reply:
        await answers.acquire()
        return Reply("text")

    async with serving(when_released) as server, reading(server, requests_in_flight=8) as recognizer:

        async def read(document: str, crops: int) -> None:
            await recognizer.recognize([crop()] * crops, document=document, begun=lambda: begun.append(document))

        large = [asyncio.create_task(read("large", 10)) for _ in range(50)]
        await eventually(lambda: begun.count("large") == 50 and server.in_flight == 8)
        small = asyncio.create_task(read("small", 4))
        await eventually(lambda: "small" in begun)
        given = 0
        while not small.done():
            answers.release()
            given += 1
            await eventually(lambda: small.done() or len(server.asked) == 8 + given)  # noqa: B023  (called at once)
        assert given <= 8 + 2 + 4  # those in flight, their reserve, and its own
        for task in large:
            task.cancel()
        await asyncio.gather(*large, return_exceptions=True)


async def test_cancelling_really_stops_the_requests() -> None:
    async with serving(always("late", delay=60)) as server, reading(server, requests_in_flight=4) as recognizer:
        task = asyncio.create_task(recognizer.recognize([crop()] * 10, document="d"))
        await eventually(lambda: server.in_flight == 4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: server.abandoned == 4)
        assert server.in_flight == 0
        assert len(server.asked) == 4
        server.script = always("next")
        assert (await read_one(recognizer)).text == "next"


# --- servers that fail -------------------------------------------------------------------------------------------


async def test_passing_failures_leave_no_trace() -> None:
    def moody(asked: Asked) -> Reply:
        return (
            Reply("read")
            if asked.number >= 3
            else (Reply(status=500), Reply(hang_up=True), Reply(raw=b"{"))[asked.number]
        )

    async with serving(moody) as server, reading(server) as recognizer:
        recognition = await read_one(recognizer)
    assert recognition.text == "read"
    assert recognition.problems == ()


@pytest.mark.parametrize(
    "fault",
    [
        Reply(raw=b'{"error": {"message": "out of memory"}}'),
        Reply(raw=b"[" * 200_000),
        Reply(raw=b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e999}}'),
        Reply("half of this", half=True),
        Reply("busy", status=429),
        Reply("slow", delay=30),
        Reply(raw=b"", status=204),
        Reply(raw=b"\xff" * 100),
    ],
    ids=["error in 200", "nested", "infinite usage", "half a body", "429", "slow", "204", "garbage"],
)
async def test_a_fault_that_passes_costs_a_retry_and_nothing_else(fault: Reply) -> None:
    def once(asked: Asked) -> Reply:
        return fault if asked.number == 0 else Reply("read")

    async with serving(once) as server, reading(server, request_seconds=2) as recognizer:
        recognition = await read_one(recognizer)
    assert recognition.text == "read"
    assert recognition.problems == ()
    assert len(server.asked) == 2


async def test_what_no_file_can_hold_is_not_in_an_answer() -> None:
    raw = b'{"choices": [{"message": {"content": "half \\ud83d of it"}, "finish_reason": "stop"}]}'
    async with serving(lambda asked: Reply(raw=raw)) as server, reading(server) as recognizer:
        recognition = await read_one(recognizer)
    assert recognition.text == "half \ufffd of it"


async def test_a_crop_that_comes_again_is_not_asked_for_again() -> None:
    other = crop(word(height=112))
    async with serving(always("read")) as server, reading(server, answers_kept=10) as recognizer:
        first = await recognizer.recognize([crop()] * 3 + [other], document="one")
        second = await recognizer.recognize([crop(), other], document="two")
    assert [recognition.text for recognition in first + second] == ["read"] * 6
    assert len(server.asked) == 2
    assert sum(recognition.usage.requests for recognition in first + second) == 2
    assert [recognition.steps for recognition in second] == [("read_before",)] * 2


async def test_a_busy_server_is_given_the_time_it_asks_for() -> None:
    def busy(asked: Asked) -> Reply:
        return Reply("busy", status=429, headers={"Retry-After": "1"}) if asked.number < 5 else Reply("read")

    async with serving(busy) as server, reading(server, retries=0) as recognizer:
        started = time.perf_counter()
        recognitions = await recognizer.recognize([crop()] * 5, document="d")
    assert [recognition.text for recognition in recognitions] == ["read"] * 5
    assert 0.9 < time.perf_counter() - started < 4.5  # one after the other they would wait for 5 s
    assert len(server.asked) == 10


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply("boom", status=500), "engine_lost"),
        (Reply(hang_up=True), "engine_lost"),
        (Reply(raw=b"<html>welcome</html>"), "engine_lost"),
        (Reply(raw=b'{"choices": []}'), "engine_lost"),
        (Reply(raw=b'{"choices": [{"message": 3}]}'), "engine_lost"),
        (Reply(raw=b'{"error": {"message": "out of memory"}}'), "engine_lost"),
        (Reply(raw=b"[" * 200_000), "engine_lost"),
        (Reply(raw=b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e999}}'), "engine_lost"),
        (Reply("half of this", half=True), "engine_lost"),
        (Reply("late", delay=30), "engine_timeout"),
        (Reply("who?", status=401), "engine_refused"),
    ],
)
async def test_what_cannot_be_read_is_a_loss_with_a_reason(reply: Reply, code: str) -> None:
    async with serving(lambda asked: reply) as server, reading(server, retries=1, request_seconds=0.3) as recognizer:
        recognition = await read_one(recognizer)
    assert recognition.text is None
    assert recognition.source is TextSource.NONE
    assert codes(recognition) == [code]
    assert recognition.problems[0].severity is Severity.LOST


async def test_crops_wait_for_a_server_that_boots() -> None:
    port = free_port()
    async with reading(f"http://127.0.0.1:{port}") as recognizer:
        work = asyncio.create_task(recognizer.recognize([crop()] * 3, document="d"))
        await asyncio.sleep(0.4)
        async with ModelServer(always("read"), port=port):
            recognitions = await work
    assert [recognition.text for recognition in recognitions] == ["read"] * 3


async def test_a_document_survives_a_restart_of_the_server() -> None:
    async with serving(always("read", delay=0.02)) as server, reading(server, requests_in_flight=4) as recognizer:
        work = asyncio.create_task(recognizer.recognize([crop()] * 40, document="d"))
        await eventually(lambda: len(server.asked) >= 12)
        await server.down()
        await asyncio.sleep(0.5)
        await server.up()
        recognitions = await work
    assert [recognition.text for recognition in recognitions] == ["read"] * 40
    assert not any(recognition.problems for recognition in recognitions)


async def test_a_server_that_never_comes_is_said_so() -> None:
    async with reading(f"http://127.0.0.1:{free_port()}", connect_seconds=0.3) as recognizer:
        started = time.perf_counter()
        recognitions = await recognizer.recognize([crop()] * 40, document="d")
        with pytest.raises(EngineUnavailable, match="does not answer"):
            await recognizer.ready()
        assert time.perf_counter() - started < 10  # not forty times in a row
    assert [codes(recognition) for recognition in recognitions] == [["engine_unavailable"]] * 40


async def test_a_crop_that_kills_the_server_takes_no_other_along() -> None:
    poison = crop(word(840))

    restarts = set[asyncio.Task[None]]()

    def dies(asked: Asked) -> Reply:
        if asked.size[0] != 840:
            return Reply("read", delay=0.02)
        restarts.add(asyncio.create_task(restart()))
        return Reply(delay=60)

    async def restart() -> None:
        await server.down()
        await server.up()

    server = ModelServer(dies)
    async with server, reading(server, requests_in_flight=4) as recognizer:
        recognitions = await recognizer.recognize([crop(), poison, *[crop()] * 12], document="d")
    assert codes(recognitions.pop(1)) == ["engine_lost"]
    assert [recognition.text for recognition in recognitions] == ["read"] * 13


# --- servers that lie: the ladder --------------------------------------------------------------------------------


async def read_by(script: Callable[[Asked], Reply], one: Crop | None = None, **settings: object) -> Recognition:
    async with serving(script) as server, reading(server, **settings) as recognizer:
        return await read_one(recognizer, one)


async def test_a_crop_with_more_text_than_its_size_suggests_gets_all_tokens() -> None:
    def long(asked: Asked) -> Reply:
        full = asked.body["max_tokens"] == 8192
        return Reply("all of it" if full else "all", finish_reason="stop" if full else "length")

    recognition = await read_by(long)
    assert (recognition.text, codes(recognition)) == ("all of it", [])
    assert recognition.steps == ("read: cut", "more_tokens: good")
    assert recognition.usage.requests == 2


async def test_a_loop_is_read_again_warmer() -> None:
    def stuck(asked: Asked) -> Reply:
        if asked.body["temperature"] == 0.0:
            return Reply("and again, " * 200, finish_reason="length")
        return Reply("read")

    recognition = await read_by(stuck)
    assert (recognition.text, codes(recognition)) == ("read", [])
    assert recognition.steps == ("read: loop", "warmer: good")


async def test_a_loop_that_stays_is_said_once_and_reported() -> None:
    def stuck(asked: Asked) -> Reply:
        return Reply(f"Take {asked.number}. " + "and again, " * 200, finish_reason="length")

    recognition = await read_by(stuck, crop(label=Label.VERTICAL_TEXT))  # which is never cut in two
    assert recognition.text is not None
    assert recognition.text.startswith("Take")
    assert recognition.text.count("again") == 1
    assert codes(recognition) == ["repetition_loop"]
    assert recognition.problems[0].severity is Severity.DOUBTFUL


async def test_a_page_that_repeats_itself_is_believed() -> None:
    text = "signed and sealed\n" * 30
    recognition = await read_by(always(text), crop(lines_of_text(30, text="signed and sealed")))
    assert (recognition.text, codes(recognition)) == (text.strip(), [])
    assert recognition.steps == ("read: loop", "warmer: loop")


async def test_a_hopeless_crop_costs_nine_requests_at_most() -> None:
    recognition = await read_by(always("and again, " * 200, finish_reason="length"), crop(lines_of_text(16)))
    assert recognition.usage.requests <= 9


async def test_a_silent_answer_to_a_crop_with_ink_is_a_loss() -> None:
    recognition = await read_by(always(""))
    assert recognition.text is None
    assert codes(recognition) == ["empty_answer"]
    assert recognition.steps[:3] == ("read: empty", "warmer: empty", "larger: empty")


async def test_blank_paper_reads_as_nothing_at_once() -> None:
    blank = np.full((112, 280, 3), 250, np.uint8)
    recognition = await read_by(always(""), crop(blank))
    assert (recognition.text, codes(recognition), recognition.usage.requests) == ("", [], 1)


def lines_in(pixels: Pixels) -> int:
    """Lines of text on a crop made by `lines_of_text`, framed or enlarged: what a reader would count."""
    rows = (pixels.min(axis=(1, 2)) < 128).astype(int)
    return int((np.diff(rows, prepend=0) == 1).sum())


async def test_text_too_long_for_one_answer_is_read_in_halves() -> None:
    def short_of_breath(asked: Asked) -> Reply:
        count = lines_in(asked.pixels)
        text = "\n".join(["line of a text"] * min(count, 2))
        return Reply(text, finish_reason="stop" if count <= 2 else "length")

    recognition = await read_by(short_of_breath, crop(lines_of_text(8)))
    assert (recognition.text, codes(recognition)) == ("\n".join(["line of a text"] * 8), [])
    assert recognition.steps.count("halves") == 3


async def test_a_table_is_read_by_halves_of_rows() -> None:
    def short_of_breath(asked: Asked) -> Reply:
        count = lines_in(asked.pixels)
        rows = "".join(f"<tr><td>line of text {number}</td></tr>" for number in range(min(count, 2)))
        return Reply(f"<table>{rows}" + ("</table>" if count <= 2 else "<tr><td>"), finish_reason="stop")

    recognition = await read_by(short_of_breath, crop(lines_of_text(4), Task.TABLE, Label.TABLE))
    two_rows = "<tr><td>line of text 0</td></tr><tr><td>line of text 1</td></tr>"
    assert recognition.text == f"<table>{two_rows * 2}</table>"
    assert codes(recognition) == []


async def test_a_table_that_stays_cut_is_closed_and_reported() -> None:
    recognition = await read_by(
        always("<table><tr><td>line of a text</td></tr><tr><td>2", finish_reason="length"),
        crop(lines_of_text(1), Task.TABLE, Label.TABLE),
    )
    assert recognition.text == "<table><tr><td>line of a text</td></tr></table>"
    assert codes(recognition) == ["truncated"]


async def test_a_refused_crop_is_tried_smaller() -> None:
    def fussy(asked: Asked) -> Reply:
        return Reply("too large", status=400) if asked.size[0] * asked.size[1] > 100_000 else Reply("read")

    recognition = await read_by(fussy)
    assert (recognition.text, codes(recognition)) == ("read", [])
    assert recognition.steps == ("read: refused", "smaller: good")


async def test_what_was_read_stands_when_the_server_leaves_on_the_ladder() -> None:
    def leaves(asked: Asked) -> Reply:
        return Reply("half of", finish_reason="length") if asked.number == 0 else Reply(status=500)

    recognition = await read_by(leaves, retries=0)
    assert recognition.text == "half of"
    assert codes(recognition) == ["truncated"]
    assert recognition.steps[-1] == "gave_up: engine_lost"


async def test_without_recovery_each_crop_is_asked_about_once() -> None:
    recognition = await read_by(always("half of", finish_reason="length"), recovery=False)
    assert (recognition.text, codes(recognition), recognition.usage.requests) == ("half of", ["truncated"], 1)


# --- servers that lie and end by themselves: answers are weighed --------------------------------------------------


PARAGRAPH = "All human beings are born free"


def rows_of(count: int) -> str:
    return "".join(f"<tr><td>goods {n}</td><td>of a price</td></tr>" for n in range(count))


def goods(rows: int = 13) -> Pixels:
    return lines_of_text(rows, text="goods 1   of a price")


async def test_one_word_of_a_paragraph_climbs_and_is_read_in_halves() -> None:
    def salient(asked: Asked) -> Reply:
        count = lines_in(asked.pixels)
        return Reply("free" if count > 3 else "\n".join([PARAGRAPH] * count))

    recognition = await read_by(salient, crop(lines_of_text(6, text=PARAGRAPH)))
    assert (recognition.text, codes(recognition)) == ("\n".join([PARAGRAPH] * 6), [])
    assert recognition.steps == ("read: short", "halves", "read: good", "read: good")


async def test_one_word_of_a_paragraph_that_stays_is_a_loss_with_what_was_expected() -> None:
    recognition = await read_by(always("free"), crop(lines_of_text(6, text=PARAGRAPH)))
    (problem,) = recognition.problems
    assert (problem.code, problem.severity) == ("short_answer", Severity.LOST)
    told, there = map(int, [word for word in problem.message.split() if word.isdigit()])
    assert told < 20
    assert 110 < there < 200  # 150 are written there
    assert recognition.text is not None
    assert set(recognition.text.split()) == {"free"}
    assert recognition.usage.requests <= 9


async def test_one_row_of_a_table_is_read_by_halves_of_rows() -> None:
    def hasty(asked: Asked) -> Reply:
        count = lines_in(asked.pixels)
        return Reply(f"<table>{rows_of(count if count <= 4 else 1)}</table>")

    recognition = await read_by(hasty, crop(goods(), Task.TABLE, Label.TABLE))
    assert recognition.text is not None
    assert (recognition.text.count("<tr>"), codes(recognition)) == (13, [])


async def test_a_table_that_stays_one_row_is_a_loss_and_its_row_is_kept() -> None:
    recognition = await read_by(always(f"<table>{rows_of(1)}</table>"), crop(goods(), Task.TABLE, Label.TABLE))
    assert codes(recognition) == ["short_answer"]
    assert recognition.text is not None
    assert "goods 0" in recognition.text


@pytest.mark.parametrize("answer", ["I am sorry, I cannot read the text in this image.", "Text Recognition:"])
async def test_what_is_no_reading_is_a_loss_and_its_words_are_saved(answer: str) -> None:
    recognition = await read_by(always(answer), crop(lines_of_text(8, text=PARAGRAPH)))
    (problem,) = recognition.problems
    assert recognition.text is None
    assert (problem.code, problem.severity, problem.saved_text) == ("refused_answer", Severity.LOST, answer)


async def test_a_refusal_that_was_chance_leaves_no_trace() -> None:
    def moody(asked: Asked) -> Reply:
        if asked.body["temperature"] == 0.0:
            return Reply("Sorry, I can't help with this image.")
        return Reply("\n".join([PARAGRAPH] * 8))

    recognition = await read_by(moody, crop(lines_of_text(8, text=PARAGRAPH)))
    assert codes(recognition) == []
    assert recognition.steps == ("read: refusal", "warmer: good")


async def test_a_letter_that_says_sorry_is_read_and_doubted_unless_the_text_layer_has_it() -> None:
    said = "I am sorry, I cannot come"
    letter = crop(lines_of_text(1, text=said))
    recognition = await read_by(always(said), letter)
    assert (recognition.text, codes(recognition)) == (said, ["refused_answer"])
    assert recognition.problems[0].severity is Severity.DOUBTFUL
    assert codes(await read_by(always(said), replace(letter, layer=said))) == []


async def test_a_prompt_before_the_text_is_doubted() -> None:
    recognition = await read_by(always(f"Text Recognition: {PARAGRAPH}"), crop(lines_of_text(1, text=PARAGRAPH)))
    assert codes(recognition) == ["echoed_prompt"]


async def test_an_answer_to_blank_paper_is_doubted_as_made_up() -> None:
    recognition = await read_by(always("Dear Sir"), crop(np.full((112, 280, 3), 250, np.uint8)))
    (problem,) = recognition.problems
    assert (problem.code, problem.severity) == ("invented_answer", Severity.DOUBTFUL)
    assert recognition.text == "Dear Sir"


async def test_a_page_of_words_for_one_line_is_doubted_as_made_up() -> None:
    story = " ".join(f"sentence {n} of a story" for n in range(40))
    assert codes(await read_by(always(story), crop(lines_of_text(1)))) == ["invented_answer"]


async def test_a_latex_table_becomes_html() -> None:
    latex = r"\begin{tabular}{ll} line & of a text \\ \hline line & of a text \end{tabular}"
    recognition = await read_by(always(latex), crop(lines_of_text(2), Task.TABLE, Label.TABLE))
    assert recognition.text is not None
    assert recognition.text.count("<tr>") == 2
    assert codes(recognition) == []


async def test_a_latex_table_that_is_broken_is_doubted() -> None:
    latex = r"\begin{tabular}{ll} line & of a text \\ line of a text \end{tabular}"
    recognition = await read_by(always(latex), crop(lines_of_text(2), Task.TABLE, Label.TABLE))
    assert codes(recognition) == ["no_table"]


async def test_the_text_layer_tells_what_a_table_lacks() -> None:
    full = "".join(f"goods {n} of a price " for n in range(13))
    one = replace(crop(goods(), Task.TABLE, Label.TABLE), layer=full)
    (problem,) = (await read_by(always(f"<table>{rows_of(1)}</table>"), one)).problems
    assert problem.code == "short_answer"
    assert "text layer" in problem.message


@pytest.mark.parametrize(
    ("answer", "code"),
    [("free", "short_answer"), ("I am sorry, I cannot read this image.", "refused_answer")],
)
async def test_a_final_answer_stands_as_it_is_and_is_told(answer: str, code: str) -> None:
    """Profile official: no question more than the SDK asks, no other string, but the ledger says what lacks."""
    final = replace(crop(lines_of_text(8, text=PARAGRAPH)), final=True)
    recognition = await read_by(always(answer), final)
    assert (recognition.text, codes(recognition), recognition.usage.requests) == (answer, [code], 1)
    assert recognition.problems[0].severity is Severity.LOST


async def test_a_latex_table_in_a_final_answer_stays_latex() -> None:
    latex = r"\begin{tabular}{ll} line & of a text \\ line & of a text \end{tabular}"
    final = replace(crop(lines_of_text(2), Task.TABLE, Label.TABLE), final=True)
    recognition = await read_by(always(latex), final)
    assert (recognition.text, codes(recognition)) == (latex, ["no_table"])
