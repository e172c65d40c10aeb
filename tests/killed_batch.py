"""Workers of one batch, killed at random and replaced, and what must hold afterwards. A test's, and a command's:

    python tests/killed_batch.py --documents 300 --workers 4 --kills 40 --seed 1 [--bucket]

The target must be what one undisturbed run gives, byte for byte, and no document may be read twice but those that were
under way in a process that was killed.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pdf_maker import make_pdf, text_page

NULL_ENGINES = ("--detector", "whole_page", "--recognizer", "scripted", "--orientation", "off")
LEASE_SECONDS = 4.0


@dataclass(frozen=True)
class Ended:
    """One process and what it said."""

    killed: bool
    begun: Counter[str]
    finished: Counter[str]
    code: int


@dataclass
class _Process:
    said: Path
    popen: "subprocess.Popen[bytes]"
    killed: bool = False

    @property
    def begun(self) -> int:
        return self.said.read_bytes().count(b'"event": "begun"')

    def ended(self) -> Ended:
        code = self.popen.wait()
        begun: Counter[str] = Counter()
        finished: Counter[str] = Counter()
        for line in self.said.read_text().splitlines():
            event = json.loads(line) if line.endswith("}") else {}
            if event.get("event") == "begun":
                begun[event["document"]] += 1
            elif event.get("event") == "document":
                finished[event["document"]] += 1
        return Ended(self.killed, begun, finished, code)


def documents(folder: Path, count: int, pages: int = 4) -> Path:
    """So many small ones, of several lengths."""
    folder.mkdir(parents=True)
    for number in range(count):
        lines = [[f"Document {number}, page {page}, line {line}" for line in range(20)] for page in range(pages)]
        data = make_pdf(*(text_page(*lines[page]) for page in range(1 + number % pages)))
        (folder / f"{number:04d}.pdf").write_bytes(data)
    return folder


def command(source: str, target: str, *more: str) -> list[str]:
    words = [sys.executable, "-m", "octavo", "batch", source, target, "--as", "folders,parquet", "--json"]
    return [*words, "--lease-seconds", str(LEASE_SECONDS), "--documents-per-file", "7", *NULL_ENGINES, *more]


def disturbed(
    words: Sequence[str], logs: Path, *, workers: int, kills: int, seed: int, environment: Mapping[str, str]
) -> list[Ended]:
    """So many at a time, of which one after the other is killed while it reads, and replaced."""
    chance = random.Random(seed)
    logs.mkdir()
    everyone: list[_Process] = []

    def start() -> None:
        said = logs / f"{len(everyone)}.jsonl"
        with said.open("wb") as out, (logs / f"{len(everyone)}.err").open("wb") as err:
            popen = subprocess.Popen(words, stdout=out, stderr=err, env={**os.environ, **environment})
        everyone.append(_Process(said, popen))

    for _ in range(workers):
        start()
    try:
        while kills:
            reading = [one for one in everyone if one.popen.poll() is None and one.begun]
            if not any(one.popen.poll() is None for one in everyone):
                break  # all is read already
            if not reading:
                time.sleep(0.05)
                continue
            time.sleep(chance.random() * 0.3)
            victim = chance.choice(reading)
            if victim.popen.poll() is None:
                victim.popen.send_signal(signal.SIGKILL)
                victim.popen.wait()
                victim.killed = True
                kills -= 1
                start()
        return [one.ended() for one in everyone]
    finally:
        for one in everyone:
            if one.popen.poll() is None:
                one.popen.kill()
                one.popen.wait()


def check(ended: Sequence[Ended]) -> None:
    """Nobody read what somebody else had read, or was reading and lived."""
    assert {one.code for one in ended if not one.killed} == {0}, [one.code for one in ended]
    for document in {name for one in ended for name in one.begun}:
        begun = sum(one.begun[document] for one in ended)
        under_way = sum(one.begun[document] - one.finished[document] for one in ended if one.killed)
        finished = sum(one.finished[document] for one in ended)
        assert begun == finished + under_way, document  # whoever lives ends what it begins
        assert finished <= 1, document
    assert sum(sum(one.begun.values()) for one in ended)


def results(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What is not hidden."""
    return {name: data for name, data in files.items() if not name.startswith(".octavo/")}


def in_folder(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bucket", action="store_true", help="a bucket on the loopback instead of a folder")
    asked = parser.parse_args()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = str(documents(home / "in", asked.documents))
        subprocess.run(command(source, str(home / "undisturbed")), check=True, stdout=subprocess.DEVNULL)
        target, environment = str(home / "out"), {}
        if asked.bucket:
            from bucket import loopback_bucket

            bucket = stack.enter_context(loopback_bucket())
            target, environment = bucket.address, bucket.aws
        began = time.monotonic()
        ended = disturbed(
            command(source, target),
            home / "logs",
            workers=asked.workers,
            kills=asked.kills,
            seed=asked.seed,
            environment=environment,
        )
        check(ended)
        files = bucket.files() if asked.bucket else in_folder(home / "out")
        same = results(files) == results(in_folder(home / "undisturbed"))
        twice = sum(sum(one.begun.values()) for one in ended) - asked.documents
        sys.stdout.write(
            f"{asked.documents} documents, {len(ended)} processes, {sum(one.killed for one in ended)} killed, "
            f"{time.monotonic() - began:.0f} s; read a second time, after a kill: {twice}; "
            f"{'the same as undisturbed, byte for byte' if same else 'NOT the same as undisturbed'}\n"
        )
        sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
