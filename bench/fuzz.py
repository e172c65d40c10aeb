"""Every parser that strangers' bytes reach, fed by coverage (atheris): a typed error or a result, nothing else.

    PYTHONPATH=.venvs/atheris python bench/fuzz.py [--seconds 60] [--only NAME]

`make fuzz` sets it up. Each parser runs in a process of its own; inputs that broke one lie in out/fuzz, and
`python bench/fuzz.py --only NAME FILE` runs one again. tests/test_fuzz.py holds what was found.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["octavo"]):
    from octavo.document import Task
    from octavo.drawing import pool
    from octavo.errors import OctavoError
    from octavo.fetch import Encoded, fetch
    from octavo.glm_ocr import model
    from octavo.glm_ocr.client import _answer, _SendAgain
    from octavo.glm_ocr.connections import Chunks, parsed
    from octavo.glm_ocr.in_flight import load_in
    from octavo.guarded_http import parsed_url
    from octavo.jobs.contract import job_from
    from octavo.markup import html, markdown
    from octavo.official.format import RawRegion, format_page
    from octavo.pages import kind_of, select
    from octavo.settings import EngineSettings, official_config

SETTINGS = EngineSettings(max_source_bytes=1 << 16)


def text_of(data: bytes) -> str:
    return atheris.FuzzedDataProvider(data).ConsumeUnicode(len(data))


def a_job(data: bytes) -> None:
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return
    job_from(payload)


def http(data: bytes) -> None:
    arrived, chunks = bytearray(), Chunks()
    for start in range(0, len(data), 7):
        arrived += data[start : start + 7]
        try:
            found = parsed(arrived, chunks, ended=start + 7 >= len(data))
        except ValueError:
            return
        if found is not None:
            return


def answer(data: bytes) -> None:
    try:
        _answer(data).text.encode()
    except _SendAgain:
        return


def said(data: bytes) -> None:
    text = text_of(data)
    for task in (Task.TEXT, Task.TABLE, Task.FORMULA):
        model.judged(model.tidied(text, task), task, "length")
    model.without_loop(text)
    for content in (markdown.read(text), html.read(text)):
        markdown.written(content)


def child(data: bytes) -> None:
    try:
        pool.answer_in(data)
    except pool.ChildLost:
        return


PARSERS: dict[str, Callable[[bytes], object]] = {
    "job": a_job,
    "pages": lambda data: select(text_of(data), 100),
    "source": lambda data: asyncio.run(fetch(Encoded(text_of(data)), SETTINGS)),
    "kind": kind_of,
    "url": lambda data: parsed_url(text_of(data), allow_private=False),
    "answer": answer,
    "http": http,
    "load": lambda data: load_in(text_of(data)),
    "said": said,
    "official": lambda data: format_page([RawRegion("text", text_of(data), 0.0)]),
    "config": lambda data: official_config.settings_of(json_or_none(data)),
    "child": child,
}


def json_or_none(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return {}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60, help="of each parser")
    arguments.add_argument("--only", choices=PARSERS)
    chosen, more = arguments.parse_known_args()
    if chosen.only is not None:
        parse = PARSERS[chosen.only]

        def one(data: bytes) -> None:
            try:
                parse(data)
            except OctavoError:
                return

        atheris.Setup([sys.argv[0], *more], one)
        atheris.Fuzz()
    broken = []
    for name in PARSERS:
        kept = Path("out/fuzz") / name
        kept.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, "--only", name, f"-max_total_time={chosen.seconds}", "-timeout=20"]
        command += ["-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={kept}/"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        runs = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        print(f"{name:10} {'held' if not done.returncode else 'BROKE'} {runs[0] if runs else '?'} inputs", flush=True)
        if done.returncode:
            broken.append(name)
            print(done.stdout[-2000:] + done.stderr[-2000:], flush=True)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
