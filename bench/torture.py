"""What Octavo promises about strangers' files and about faults, kept or not: a table, and 1 at the end where one broke.

    python bench/torture.py [--parts robust,memory,attacks,kills] [--seconds 120]

    robust    every file of the robust set, twice over in one process, beside a small job that must not notice
    memory    small documents one after the other: what process and children hold after the last and after the 100th
    attacks   the hostile inputs, generated here, each with its cost and what became of it
    kills     a worker, its drawing children and its model's server killed at random while jobs go on

Engines that need no weights (`whole_page`, `scripted`, the bench's stand-in for a model): it is about what surrounds
them. Numbers are of the machine it runs on, its other work included.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from octavo.drawing import pool
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent / "samples"
PAGES_OF_A_FILE = "1-3"  # of the robust set's: what hurts is in the first pages, and some have hundreds
GROWTH = 1.05

T = TypeVar("T")


@dataclass
class Table:
    """Promises, and whether they were kept."""

    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    def add(self, promise: str, measured: str, *, kept: bool) -> None:
        self.rows.append((promise, measured, kept))
        print(f"  {'kept  ' if kept else 'BROKEN'}  {promise}: {measured}", flush=True)


@asynccontextmanager
async def opened_worker(**settings: Any) -> AsyncIterator[Worker]:
    engine = EngineSettings(detector="whole_page", recognizer="scripted", volume_path="/no/such/volume")
    async with Parser(engine) as parser:
        yield Worker(parser, ParseOptions(), WorkerSettings(**settings))


def job(data: bytes, **more: Any) -> Call:
    return Call({"source_base64": base64.b64encode(data).decode(), **more})


def outcome(reply: dict[str, Any]) -> str:
    return str(reply["error_details"]["code"] if reply["status"] == "error" else reply["status"])


def memory(pid: int | str, name: str) -> float:
    """A figure of /proc/PID/status, MiB; 0 where the process is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return 0.0


def held() -> tuple[float, float]:
    """MiB of this process and of its drawing children together: their own memory, and here the pages' pictures, which
    both map. No shared libraries (Rss), nor a share of them (Pss): that moves with the machine's other processes."""
    own = memory("self", "RssAnon") + memory("self", "RssShmem")
    return own, sum(memory(pid, "RssAnon") for pid in pool.shared().processes())


# --- robust --------------------------------------------------------------------------------------------------------


class Neighbour:
    """A one-page job, again and again: its result must be the same each time."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._data = (SAMPLES / "receipt.jpg").read_bytes()
        self.seconds: list[float] = []
        self.said: Counter[str] = Counter()

    async def once(self) -> None:
        began = time.monotonic()
        reply = await self._worker.run(job(self._data))
        self.seconds.append(time.monotonic() - began)
        result = reply.get("result", {})
        self.said[json.dumps([reply["status"], result.get("markdown_result"), result.get("json_result")])] += 1

    async def again_and_again(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(0.2)


def spread(all_of_them: Sequence[T], most: int | None) -> list[T]:
    """So many of them, from all over the list."""
    count = len(all_of_them) if most is None else min(most, len(all_of_them))
    return [all_of_them[len(all_of_them) * number // count] for number in range(count)]


async def robust(folder: Path, most: int | None, times: int, table: Table) -> None:
    rows = spread([json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()], most)
    rounds: list[dict[str, str]] = []
    after: list[float] = []
    async with opened_worker(concurrency=4) as worker:
        neighbour = Neighbour(worker)
        for _ in range(10):
            await neighbour.once()
        alone = sorted(neighbour.seconds)[5]
        beside = asyncio.create_task(neighbour.again_and_again())
        for _ in range(times):
            found: dict[str, str] = {}
            two = asyncio.Semaphore(2)

            async def read(row: dict[str, Any], found: dict[str, str] = found, two: asyncio.Semaphore = two) -> None:
                async with two:
                    data = await asyncio.to_thread((folder / row["file"]).read_bytes)
                    more = {"pages": PAGES_OF_A_FILE} | ({"password": row["password"]} if row["password"] else {})
                    found[row["id"]] = outcome(await worker.run(job(data, **more)))

            await asyncio.gather(*map(read, rows))
            rounds.append(found)
            own, children = held()
            after.append(own + children)
            print(f"    held after a round: {own:.0f} MiB, children {children:.0f} MiB", flush=True)
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
        left = (worker.working, worker.room.bytes)
    first, second = rounds[0], rounds[-1]
    kinds = ", ".join(f"{count} {code}" for code, count in Counter(second.values()).most_common())
    table.add(
        f"each of {len(rows)} files is answered, {times} times", kinds, kept="internal" not in (first | second).values()
    )
    other = [name for name in first if first[name] != second[name]]
    table.add("the last time as the first", ", ".join(other[:5]) or "the same", kept=not other)
    slow = sorted(neighbour.seconds[10:])
    said = f"{len(slow)} jobs, {len(neighbour.said)} results; median {alone:.2f} s alone, {slow[len(slow) // 2]:.2f} s"
    table.add("a neighbour reads the same", f"{said} beside, longest {slow[-1]:.2f} s", kept=len(neighbour.said) == 1)
    table.add("nothing is held afterwards", f"{left[0]} jobs, {left[1]} bytes", kept=left == (0, 0))
    sizes = " and ".join(f"{size:.0f} MiB" for size in after)
    table.add("memory after the last round is that after the one before", sizes, kept=after[-1] <= GROWTH * after[-2])


# --- memory --------------------------------------------------------------------------------------------------------


async def many(count: int, table: Table) -> None:
    data = (SAMPLES / "bank-statement.pdf").read_bytes()
    sizes: dict[int, float] = {}
    async with opened_worker(concurrency=2) as worker:
        for number in range(0, count, 2):
            replies = await asyncio.gather(*(worker.run(job(data, pages="1")) for _ in range(2)))
            assert all(reply["status"] == "success" for reply in replies)
            if (number + 2) % 100 == 0:
                own, children = held()
                sizes[number + 2] = own + children
                print(f"    {number + 2} documents: {own:.0f} MiB, children {children:.0f} MiB", flush=True)
    least = min(sizes)
    growth = sizes[max(sizes)] / sizes[least]
    said = f"{sizes[least]:.0f} MiB after {least}, {sizes[max(sizes)]:.0f} MiB after {max(sizes)}: {growth:.3f}"
    table.add("memory stays as it is", said, kept=growth <= GROWTH)


# --- attacks -------------------------------------------------------------------------------------------------------


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


async def attacks(script: Path, most: int | None, limit: float, table: Table) -> None:
    with tempfile.TemporaryDirectory() as made:
        await asyncio.to_thread(subprocess.run, [sys.executable, script, made], check=True, capture_output=True)
        files = spread(files_in(Path(made)), most)
        async with opened_worker(job_seconds=limit) as worker:
            neighbour = Neighbour(worker)
            beside = asyncio.create_task(neighbour.again_and_again())
            worst = 0.0
            codes: Counter[str] = Counter()
            for file in files:
                began, before = time.monotonic(), sum(os.times()[:2])
                reply = await worker.run(job(await asyncio.to_thread(file.read_bytes)))
                wall, own = time.monotonic() - began, sum(os.times()[:2]) - before
                peak = max([memory(pid, "VmHWM") for pid in pool.shared().processes()], default=0.0)
                codes[outcome(reply)] += 1
                worst = max(worst, wall)
                problems = {problem["code"] for problem in reply.get("result", {}).get("problems", ())}
                print(
                    f"    {file.name:32} {outcome(reply):18} {wall:6.1f} s, {own:5.1f} s of our CPU, "
                    f"child {peak:5.0f} MiB, parent {memory('self', 'VmHWM'):5.0f} MiB  {' '.join(sorted(problems))}",
                    flush=True,
                )
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
    kinds = ", ".join(f"{count} {code}" for code, count in codes.most_common())
    table.add(
        f"each of {len(files)} attacks is answered", f"{kinds}; the longest {worst:.0f} s", kept=not codes["internal"]
    )
    said = f"{len(neighbour.seconds)} jobs, {len(neighbour.said)} results, longest {max(neighbour.seconds):.1f} s"
    table.add("a neighbour reads the same", said, kept=len(neighbour.said) == 1)


# --- kills ---------------------------------------------------------------------------------------------------------


class Process:
    """A program that is started again whenever it is found dead."""

    def __init__(self, start: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._start = start
        self.running = start()
        self.kills = 0

    def kill(self) -> None:
        self.running.kill()
        self.running.wait()
        self.kills += 1
        self.running = self._start()

    def children(self) -> Iterator[int]:
        for thread in Path(f"/proc/{self.running.pid}/task").glob("*/children"):  # each thread has those it started
            with suppress(OSError):
                yield from map(int, thread.read_text().split())


def starting_worker(port: int, model: int, volume: Path, log: Path) -> Callable[[], "subprocess.Popen[bytes]"]:
    command = [
        *(sys.executable, "-m", "octavo", "serve", "--host", "127.0.0.1", "--port", str(port)),
        *("--detector", "whole_page", "--recognizer", "openai", "--url", f"http://127.0.0.1:{model}"),
    ]
    environment = os.environ | {
        "RUNPOD_VOLUME_PATH": str(volume),
        "OCTAVO_RETRY_SECONDS": "0.1",
        "OCTAVO_TEXT_LAYER": "off",
    }

    def start() -> "subprocess.Popen[bytes]":
        with log.open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=out, env=environment)

    return start


def starting_model(port: int) -> Callable[[], "subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "octavo.frontends._stand_in", "--port", str(port), "--latency", "0.1"]
    return lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def kills(seconds: float, dice: random.Random, table: Table) -> None:
    body = json.dumps(
        {"source_base64": base64.b64encode((SAMPLES / "two-column-paper.pdf").read_bytes()).decode(), "pages": "1-4"}
    ).encode()
    tries: Counter[str] = Counter()
    results: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as volume:
        port, model_port = free_port(), free_port()
        log = Path(volume) / "log"
        model = Process(starting_model(model_port))
        worker = Process(starting_worker(port, model_port, Path(volume), log))
        until = time.monotonic() + seconds

        async def client(session: aiohttp.ClientSession) -> None:
            """Sends a job until it succeeds, as a queue does whose worker was lost."""
            while time.monotonic() < until:
                while True:
                    try:
                        async with session.post(f"http://127.0.0.1:{port}/parse", data=body) as response:
                            reply = await response.json()
                    except (aiohttp.ClientError, OSError):
                        tries["worker lost"] += 1
                        await asyncio.sleep(0.3)
                        continue
                    tries[outcome(reply)] += 1
                    if reply["status"] == "success":
                        results[json.dumps(reply["result"]["markdown_result"])] += 1
                        break
                    assert reply["status"] == "error" or reply["result"]["problems"]
                    await asyncio.sleep(0.3)

        async def killer() -> int:
            children = 0
            while time.monotonic() < until:
                await asyncio.sleep(dice.uniform(0.5, seconds / 8))
                victim = dice.choice(["child", "child", "worker", "model"])
                if victim == "child":
                    for pid in worker.children():
                        with suppress(OSError):
                            os.kill(pid, signal.SIGKILL)
                            children += 1
                else:
                    await asyncio.to_thread((worker if victim == "worker" else model).kill)
            return children

        try:
            timeout = aiohttp.ClientTimeout(total=300)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                *_, children = await asyncio.gather(client(session), client(session), killer())
            before = list(worker.children())
            worker.running.terminate()
            await asyncio.to_thread(worker.running.wait, 60)
            await asyncio.sleep(1)
            alive = [pid for pid in before if memory(pid, "VmRSS")]
        finally:
            for one in (worker, model):
                one.running.kill()
                one.running.wait()
    said = ", ".join(f"{count} {code}" for code, count in tries.most_common())
    dead = f"killed: {children} children, {worker.kills} workers, {model.kills} servers"
    table.add(
        "jobs succeed in the end, none by half", f"{said}; {dead}", kept="internal" not in tries and bool(results)
    )
    table.add("and read what they read without faults", f"{len(results)} results", kept=len(results) == 1)
    table.add("a worker that ends leaves no process", f"{len(alive)} of {len(before)} children", kept=not alive)


async def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parts", default="robust,memory,attacks,kills")
    arguments.add_argument(
        "--data", type=Path, default=HERE.parent.parent / "shared" / "eval", help="robust/, attacks/"
    )
    arguments.add_argument("--files", type=int, help="of `robust` and of `attacks`, for a short run; all by default")
    arguments.add_argument("--rounds", type=int, default=2, help="of `robust`: 2 or more")
    arguments.add_argument("--documents", type=int, default=1_000, help="of `memory`")
    arguments.add_argument("--job-seconds", type=float, default=300.0, help="time budget of one attack")
    arguments.add_argument("--seconds", type=float, default=300.0, help="of `kills`")
    arguments.add_argument("--seed", type=int, default=0)
    chosen = arguments.parse_args()
    parts = {
        "robust": lambda: robust(chosen.data / "robust", chosen.files, chosen.rounds, table),
        "memory": lambda: many(chosen.documents, table),
        "attacks": lambda: attacks(chosen.data / "attacks" / "make_inputs.py", chosen.files, chosen.job_seconds, table),
        "kills": lambda: kills(chosen.seconds, random.Random(chosen.seed), table),
    }
    table = Table()
    for name in chosen.parts.split(","):
        began = time.monotonic()
        print(name, flush=True)
        await parts[name]()
        print(
            f"  in {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores",
            flush=True,
        )
    pool.shared().close()
    return 0 if all(kept for _, _, kept in table.rows) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
