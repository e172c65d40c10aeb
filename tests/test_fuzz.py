"""Whatever strangers send to a parser of ours, it is understood or refused by a typed error, within bounded time.

A few examples each, for every run. `make fuzz` runs thousands: FUZZ=40 is how many times as many.
"""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from yarl import URL

from octavo.document import Task
from octavo.drawing import pool
from octavo.errors import Fault, OctavoError, OptionInvalid
from octavo.fetch import Encoded, Fetched, Url, fetch, stem
from octavo.frontends import _presets
from octavo.glm_ocr import model
from octavo.glm_ocr.client import Answer, _answer, _retry_after, _SendAgain
from octavo.glm_ocr.connections import Chunks, parsed
from octavo.glm_ocr.in_flight import load_in
from octavo.guarded_http import parsed_url
from octavo.jobs.contract import KEYS, Job, job_from
from octavo.jobs.encoding import encoded
from octavo.markup import html, markdown
from octavo.official.format import RawRegion, format_page
from octavo.pages import select
from octavo.settings import EngineSettings, official_config

EXAMPLES = int(os.environ.get("FUZZ", "1"))
fuzzed = settings(
    max_examples=25 * EXAMPLES,
    deadline=timedelta(seconds=20),  # what a loop without an end exceeds, and a busy machine does not
    suppress_health_check=list(HealthCheck),
    database=None,
)

any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates among them
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), any_text)
json_like = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=12
)


def refused(work: Callable[[], object]) -> OctavoError | None:
    """The typed error; anything else is a test that fails. Its message is one line of bounded length."""
    try:
        work()
    except OctavoError as error:
        found = error
    else:
        return None
    assert len(found.message) < 3_000
    assert "\n" not in found.message
    return found


# --- jobs --------------------------------------------------------------------------------------------------------

job_keys = st.sampled_from(KEYS) | any_text
label_mappings = st.dictionaries(
    st.sampled_from(["text", "table", "skip", "abandon", "image", "doc_title", "all", ""]) | any_text,
    json_like | st.lists(st.sampled_from(["text", "image", "chart"]) | any_text, max_size=3),
    max_size=4,
)


@fuzzed
@given(payload=st.dictionaries(job_keys, json_like | label_mappings, max_size=6) | json_like)
@example(payload={"image_base64": "x", "label_task_mapping": {"text": [["image"]]}})
@example(payload={"image_base64": "x", "tasks": {"text": {"text": "text"}}})
@example(payload={"image_base64": "x", "tasks": [["image", "text"]]})
@example(payload={"image_base64": "x", "official_merge": {"all": "union", "text": "large"}})
@example(payload={"image_base64": "x", "formats": "y" * 100_000})
@example(payload={"image_base64": "x", "upload": {"put_urls": {"y\n" * 100_000: []}}})
@example(payload={"image_base64": "x", "z" * 1_000_000: 1})
@example(payload={"image_base64": "x", "dpi": 1e999, "end_page": 10**400})
def test_a_job_is_taken_or_its_caller_told_why(payload: Any) -> None:
    jobs: list[Job] = []
    error = refused(lambda: jobs.append(job_from(payload)))
    if error is not None:
        assert error.fault is Fault.CALLER
    else:
        assert len(jobs[0].notes) < 40
        encoded({"warnings": [[note.key, note.message] for note in jobs[0].notes]})


@fuzzed
@given(
    text=st.text("0123456789-, ", max_size=40) | any_text,
    count=st.integers(1, 2_000),
)
@example(text=",".join(["1-"] * 10_000), count=2_000)
@example(text="9" * 5_000, count=1)
@example(text="٣-٤", count=9)
def test_a_list_of_pages_selects_pages_that_are_there(text: str, count: int) -> None:
    found: list[int] = []
    error = refused(lambda: found.extend(select(text, count)))
    assert error is None or error.code == "pages_invalid"
    assert error is not None or found
    assert found == sorted(set(found))
    assert all(0 <= page < count for page in found)


# --- sources -----------------------------------------------------------------------------------------------------

SMALL = EngineSettings(max_source_bytes=10_000)


@fuzzed
@given(
    text=st.builds(
        lambda head, body: head + body,
        st.sampled_from(["", "data:", "data:,", "data:image/png;base64,", "data:;charset=nope,", "DATA:;BASE64,"]),
        any_text | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()) | st.text("AB=-_+/ \n"),
    )
)
@example(text="data:,\ud800")
@example(text="\ud800")
@example(text="A" * 1_000_000)
@example(text="data:," + "%" * 9_000)
def test_base64_and_data_urls_are_decoded_or_refused(text: str) -> None:
    got: list[Fetched] = []
    error = refused(lambda: got.append(asyncio.run(fetch(Encoded(text), SMALL))))
    assert error is None or error.fault is Fault.CALLER
    assert error is not None or 0 < len(got[0].data) <= 10_000


@fuzzed
@given(
    text=any_text
    | st.builds("{}://{}:{}{}".format, st.sampled_from(["http", "HTTPS", "ftp"]), any_text, st.integers(), any_text)
)
@example(text="http://" + "a" * 300 + ".com/")
@example(text="http://" + "ä" * 300)
@example(text="http://[::1%25" + "x" * 300 + "]/")
@example(text="http://a:99999999999/")
@example(text="http://\ud800/")
def test_an_address_is_understood_or_refused(text: str) -> None:
    for base in (None, URL("http://example.com/here")):  # as it comes, and as a redirect
        error = refused(lambda base=base: parsed_url(text, base, allow_private=False))
        assert error is None or error.fault is Fault.CALLER


@fuzzed
@given(name=any_text)
def test_a_name_from_anywhere_is_one_for_files(name: str) -> None:
    kept = stem(name)
    assert 0 < len(kept) <= 100
    assert not {"/", "\\", "\0"} & set(kept)
    kept.encode()


@pytest.mark.filterwarnings("ignore:.*Content-Disposition|.*:RuntimeWarning")
@pytest.mark.parametrize(
    "disposition",
    [
        "attachment; filename*=nope''report.pdf",
        "attachment; filename*=utf-16''%ff",
        "attachment; filename*=''",
        "attachment; filename*=utf-8'",
        "attachment; filename*0*=x''a; filename*1*=b",
        ";;;=" * 500,
    ],
)
async def test_a_source_is_taken_whatever_its_host_calls_it(disposition: str) -> None:
    async def document(request: web.Request) -> web.Response:
        headers = {"Content-Disposition": disposition, "Content-Type": "text/plain; charset=nope"}
        return web.Response(body=b"%PDF-", headers=headers)

    application = web.Application()
    application.router.add_get("/given.pdf", document)
    async with TestServer(application) as server:
        url = Url(str(server.make_url("/given.pdf")))
        assert (await fetch(url, EngineSettings(allow_private_addresses=True))).data == b"%PDF-"


@fuzzed
@given(
    body=st.binary(max_size=60)
    | st.tuples(st.sampled_from(["Drawn", "Opened", "Failed", "Closed"]), json_like).map(
        lambda said: json.dumps(said).encode()
    )
)
@example(body=b"[" * 200_000)
@example(body=b'["Failed", {"code": 1e999, "message": []}]')
def test_what_a_drawing_child_says_is_an_answer_or_the_child_is_lost(body: bytes) -> None:
    with suppress(pool.ChildLost):
        pool.answer_in(body)


# --- the model's server ------------------------------------------------------------------------------------------

completions = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "message": st.fixed_dictionaries({}, optional={"content": json_like}) | json_like,
                    "finish_reason": json_like,
                    "logprobs": st.fixed_dictionaries(
                        {"content": st.lists(st.fixed_dictionaries({"logprob": json_like}), max_size=3)}
                    )
                    | json_like,
                },
            )
            | json_like,
            max_size=2,
        ),
        "usage": st.fixed_dictionaries({}, optional={"prompt_tokens": json_like, "completion_tokens": json_like}),
    },
)
SAYING = '{{"choices": [{{"message": {{"content": {content}}}, "logprobs": {logprobs}}}], "usage": {usage}}}'


def saying(content: str = '"text"', logprobs: str = "null", usage: str = "null") -> bytes:
    return SAYING.format(content=content, logprobs=logprobs, usage=usage).encode()


@fuzzed
@given(raw=st.binary(max_size=60) | completions.map(lambda said: json.dumps(said).encode()))
@example(raw=b"[" * 200_000)
@example(raw=b'{"choices":' * 50_000)
@example(raw=saying(usage='{"prompt_tokens": 1e999}'))
@example(raw=saying(usage='{"completion_tokens": -7}'))
@example(raw=saying(usage='{"completion_tokens": 1e300}'))
@example(raw=saying(usage=f'{{"completion_tokens": {"9" * 5_000}}}'))
@example(raw=saying(logprobs='{"content": [{"logprob": NaN}]}'))
@example(raw=saying(logprobs='{"content": [{"logprob": 1e6}]}'))
@example(raw=saying(content='"half \\ud83d a character"'))
@example(raw=saying(content='[{"text": 3}]'))
@example(raw=b'{"error": {"message": "out of memory"}}')
def test_an_answer_is_one_or_is_asked_for_again(raw: bytes) -> None:
    try:
        answer: Answer = _answer(raw)
    except _SendAgain:
        return
    answer.text.encode()  # as every file and reply will
    assert answer.confidence is None or 0 <= answer.confidence <= 1
    assert 0 <= answer.usage.prompt_tokens + answer.usage.completion_tokens < 1 << 33


@fuzzed
@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(1, 9), max_size=40), ended=st.booleans())
@example(data=b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", cuts=[], ended=False)
@example(data=b"HTTP/1.1 2\r\n\r\nHTTP/1.1 \xb2\r\n\r\n", cuts=[], ended=True)
@example(data=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", cuts=[5], ended=True)
def test_http_in_pieces_is_understood_or_refused(data: bytes, cuts: list[int], ended: bool) -> None:
    head, arrived, chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", bytearray(), Chunks()
    stream = data if data.startswith(b"HTTP") else head + data
    for cut in [*cuts, len(stream)]:
        arrived += stream[:cut]
        stream = stream[cut:]
        try:
            found = parsed(arrived, chunks, ended=ended and not stream)
        except ValueError:
            return
        if found is not None:
            assert found[1] <= len(arrived)
            return


@fuzzed
@given(header=any_text | st.floats().map(str) | st.text("0123456789:+- MonJanGMT,", max_size=40))
@example(header="Mon, 01 Jan 2024 00:00:00 +99999999999999")
@example(header="Mon, 01 Jan 99999 00:00:00 GMT")
@example(header="1e999")
def test_a_pause_that_a_server_asks_for_has_bounds(header: str) -> None:
    assert 0 <= _retry_after(header, otherwise=1.0) <= 60


@fuzzed
@given(value=any_text | st.floats().map(str) | st.integers().map(str))
@example(value="1e999")
@example(value="1" + "0" * 400)
@example(value="0.5.5")
def test_a_load_is_told_or_not(value: str) -> None:
    gauges = ("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc")
    load = load_in("".join(f"vllm:{name} {value}\n" for name in gauges))
    assert load is None or 0 <= load.running < 1 << 64


# --- what the model says -----------------------------------------------------------------------------------------

TAGS = [
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    '<td colspan="9">',
    "<th rowspan=-1>",
    "<td",
    "<a ",
    "<",
]
MARKS = [
    "# ",
    "- ",
    "1. ",
    "```",
    "$$",
    "$",
    "**",
    "*",
    "_",
    "`",
    "[",
    "](",
    ")",
    "\\",
    "~~",
    "|",
    "    ",
    "\n",
    "\n\n",
]
SPECIALS = [
    "<|endoftext|>",
    "<think>",
    "</think>",
    "```html\n",
    "\n```",
    "[gMASK]",
    "\\[",
    "\\]",
    "\\(",
    "·",
    "…",
    "● ",
]
said = st.lists(st.sampled_from(TAGS + MARKS + SPECIALS) | st.text(max_size=8), max_size=40).map("".join)


@pytest.mark.slow
@fuzzed
@given(text=said)
def test_what_a_model_says_is_read_and_written_again(text: str) -> None:
    for task in (Task.TEXT, Task.TABLE, Task.FORMULA):
        tidy = model.tidied(text, task)
        model.judged(tidy, task, "length")
        model.without_loop(tidy)
        model.closed_table(tidy)
        model.joined_tables(tidy, tidy)
    for content in (markdown.read(text), html.read(text)):
        markdown.written(content).encode()  # as for a file


native = ["text", "doc_title", "paragraph_title", "display_formula", "formula_number", "table", "image", "content"]


@pytest.mark.slow
@fuzzed
@given(
    regions=st.lists(
        st.builds(RawRegion, st.sampled_from(native), st.none() | said, st.floats(0, 1000)),
        max_size=5,
    )
)
def test_the_official_rules_end_with_every_region_in_the_page_or_dropped_by_name(regions: list[RawRegion]) -> None:
    page = format_page(regions)
    told = {entry.region for entry in page.entries} | {one for entry in page.entries for one in entry.also}
    assert told | page.dropped.keys() == set(range(len(regions)))


# --- what an operator hands in -------------------------------------------------------------------------------------

official_keys = st.sampled_from(
    sorted({*official_config._SAME, *official_config._MADE, *official_config._STEPS, *official_config._SERVER})
)


def nested(key: str, value: object) -> object:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


@fuzzed
@given(content=st.builds(nested, official_keys, json_like | st.dictionaries(st.integers(), json_like)) | json_like)
@example(content=nested("pipeline.page_loader.max_pixels", float("inf")))
@example(content=nested("pipeline.layout.label_task_mapping", {"text": [["a"]]}))
@example(content=nested("pipeline.layout.id2label", {"x": 3}))
def test_an_official_configuration_is_understood_or_refused(content: object) -> None:
    error = refused(lambda: official_config.settings_of(content))
    assert error is None or error.code == OptionInvalid.code


LAUGHS = ", ".join(
    [
        "&a [x]",
        *(f"&{now} [{', '.join([f'*{one}'] * 9)}]" for one, now in zip("abcdefghi", "bcdefghij", strict=True)),
    ]
)


@fuzzed
@given(text=any_text | json_like.map(yaml.dump))
@example(text="x: 2026-99-99")
@example(text="[" * 1_000)
@example(text=f"pipeline: {{page_loader: {{max_pixels: [{LAUGHS}]}}}}")
@example(text="&a [*a]")
@example(text="!!python/object:os.system x")
@example(text="? [1]\n: 2")
def test_a_configuration_file_is_understood_or_refused(text: str) -> None:
    with NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        error = refused(lambda: official_config.read(Path(file.name)))
    assert error is None or error.code == OptionInvalid.code


@fuzzed
@given(text=st.lists(st.text(max_size=20), max_size=6).map("\n".join))
def test_a_preset_is_understood_or_refused(text: str) -> None:
    error = refused(lambda: _presets.parsed(text, "mine"))
    assert error is None or error.code == OptionInvalid.code
