"""Many clients of one server that is killed: is a job lost or doubled, how long do short ones wait, what does it hold?

    python bench/service.py --jobs 500 --clients 50 --seconds 600 --kills 4

Jobs of 1 to 300 pages, each page with words of its own, come evenly: four in five of one page, one in fifty
of a hundred and more. Clients send with an idempotency key until they are heard, wait for the end, and compare every
page with what it must say. The server is `octavo serve --store`, killed with SIGKILL at even times and started again at
once. Ends with 1 where a promise broke.
"""

import argparse
import asyncio
import contextlib
import io
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from reportlab.pdfgen import canvas

LONE_JOBS = 9
SETTLED = 60.0  # seconds: what is held is compared with what was held then


@dataclass
class Job:
    number: int
    pages: int
    at: float  # seconds from the start
    begun: float = 0.0
    took: float = 0.0
    wrong: str = ""


@dataclass
class Server:
    """`octavo serve`, in a process that may be killed and is started again on the same port and store."""

    folder: Path
    engine: list[str]
    port: int = 0
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    downtimes: list[tuple[float, float]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.starts += 1
        log = self.folder / f"server-{self.starts}.log"
        words = ["serve", "--store", str(self.folder / "store"), "--port", str(self.port), *self.engine]
        with log.open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "octavo", *words), stdout=output, stderr=output
            )
        while not (found := re.search(rb"octavo: http://127.0.0.1:(\d+)", log.read_bytes())):
            if self.process.returncode is not None:
                sys.exit(log.read_text())
            await asyncio.sleep(0.05)
        self.port = int(found[1])

    async def kill(self) -> None:
        if self.process is None:
            return
        began = time.monotonic()
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self.start()
        self.downtimes.append((began, time.monotonic()))

    def resident(self) -> float:
        """MiB of the process itself."""
        if self.process is None:
            return 0.0
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


def words(job: int, page: int) -> str:
    return f"Job {job} has this as page {page}, and no other page says so."


def document(job: int, pages: int) -> bytes:
    data = io.BytesIO()
    paper = canvas.Canvas(data, pagesize=(300, 200))
    for page in range(1, pages + 1):
        paper.drawString(20, 100, words(job, page))
        paper.showPage()
    paper.save()
    return data.getvalue()


def mix(count: int, seconds: float) -> Iterator[Job]:
    dice = random.Random(5)
    for number in range(count):
        kind = dice.random()
        pages = 1 if kind < 0.8 else dice.randint(2, 20) if kind < 0.98 else dice.randint(100, 300)
        yield Job(number, pages, seconds * number / count)


async def until_heard(client: aiohttp.ClientSession, method: str, url: str, **sent: object) -> aiohttp.ClientResponse:
    """An answer that is none of a server that is gone or full."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            response = await client.request(method, url, timeout=aiohttp.ClientTimeout(total=60), **sent)  # type: ignore[arg-type]
            await response.read()
            if response.status not in (429, 503):
                return response
        await asyncio.sleep(0.2)


async def run(job: Job, server: Server, client: aiohttp.ClientSession) -> None:
    """Send a job, wait for it, compare."""
    job.begun = time.monotonic()
    data = document(job.number, job.pages)
    key = {"Idempotency-Key": f"job-{job.number}-{job.pages}"}

    def form() -> aiohttp.FormData:
        made = aiohttp.FormData()
        made.add_field("file", data, filename="document.pdf")
        return made

    while True:
        try:
            response = await client.post(f"{server.url}/v1/jobs", data=form(), headers=key)
            if response.status == 202:
                break
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(0.2)
    name = (await response.json())["id"]
    pause = 0.02
    while True:
        answer = await until_heard(client, "GET", f"{server.url}/v1/jobs/{name}")
        state = await answer.json()
        if answer.status != 200:
            job.wrong = f"lost: {state}"
            return
        if state["ended_at"]:
            break
        await asyncio.sleep(pause)
        pause = min(0.5, pause * 1.3)
    job.took = time.monotonic() - job.begun
    if state["status"] != "success":
        job.wrong = f"{state['status']}: {state['error_details']}"
        return
    result = await (await until_heard(client, "GET", f"{server.url}/v1/jobs/{name}/result")).json()
    said = re.findall(r"Job (\d+) has this as page (\d+),", result["result"]["markdown_result"])
    if said != [(str(job.number), str(page)) for page in range(1, job.pages + 1)]:
        job.wrong = f"{job.pages} pages, and {len(said)} are in the result"
        return
    events = await (await until_heard(client, "GET", f"{server.url}/v1/jobs/{name}/events")).text()
    pages = Counter(re.findall(r'"page": (\d+)', events))
    if len(pages) != job.pages or max(pages.values()) > 1:
        job.wrong = f"pages told of {sum(pages.values())} times, of {job.pages}"


async def load(options: argparse.Namespace, server: Server) -> tuple[list[Job], list[float], list[tuple[float, float]]]:
    """The jobs as they ended, how long lone ones took, and what the server held when."""
    await server.start()
    held: list[tuple[float, float]] = []
    limit = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=limit) as client:
        lone = [Job(1_000_000 + number, 1, 0) for number in range(LONE_JOBS)]
        for job in lone:
            await run(job, server, client)
        jobs, began = list(mix(options.jobs, options.seconds)), time.monotonic()
        waiting = asyncio.Queue[Job]()
        for job in jobs:
            waiting.put_nowait(job)

        async def one_client() -> None:
            while not waiting.empty():
                job = waiting.get_nowait()
                await asyncio.sleep(max(0.0, job.at - (time.monotonic() - began)))
                await run(job, server, client)

        async def killer() -> None:
            for number in range(options.kills):
                at = options.seconds * (number + 1) / (options.kills + 1)
                await asyncio.sleep(max(0.0, at - (time.monotonic() - began)))
                await server.kill()

        async def watch() -> None:
            while True:
                held.append((time.monotonic(), server.resident()))
                await asyncio.sleep(1)

        watching, killing = asyncio.create_task(watch()), asyncio.create_task(killer())
        await asyncio.gather(*(one_client() for _ in range(options.clients)))
        await killing
        watching.cancel()
        everything = await (await until_heard(client, "GET", f"{server.url}/v1/jobs?most=1000")).json()
        if len(everything["jobs"]) != len(jobs) + len(lone):
            jobs[0].wrong = (
                jobs[0].wrong or f"{len(everything['jobs'])} jobs are there, {len(jobs) + len(lone)} were sent"
            )
    if server.process is not None:
        server.process.terminate()
        await server.process.wait()
    return jobs, [job.took for job in lone], held


def said(promise: str, kept: bool, measured: str) -> bool:
    print(f"{'kept' if kept else 'NOT KEPT':9} {promise}: {measured}")
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--patience", type=float, default=5, help="times its lone time that a one-page job may take")
    parser.add_argument("server", nargs="*", help="flags of `octavo serve`, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), options.server)
        began = time.monotonic()
        jobs, lone, held = asyncio.run(load(options, server))
        took = time.monotonic() - began
    one_page = [job for job in jobs if job.pages == 1]
    met = [
        job
        for job in one_page
        if any(job.begun < end and job.begun + job.took > start for start, end in server.downtimes)
    ]
    spared = sorted(job.took for job in one_page if job not in met)
    p99, alone = spared[int(len(spared) * 0.99)], statistics.median(lone)
    wrong = [job for job in jobs if job.wrong]
    pages = sum(job.pages for job in jobs)
    print(f"{len(jobs)} jobs, {pages} pages, {options.clients} clients, {took:.0f} s, load {os.getloadavg()[0]:.0f}")
    kept = [
        said("no job is lost or doubled, every page says its words once", not wrong, f"{len(wrong)} wrong"),
        said(
            f"one-page jobs end within {options.patience:g} times their lone time, 99 of 100, where no kill met them",
            p99 <= options.patience * alone,
            f"{p99:.2f} s, alone {alone:.2f} s, median {statistics.median(spared):.2f} s; {len(met)} met a kill, the "
            f"longest {max((job.took for job in met), default=0):.1f} s",
        ),
    ]
    last = max((end for _, end in server.downtimes), default=held[0][0])
    of_last = [(at - last, size) for at, size in held if at > last]
    settled = [size for at, size in of_last if at >= min(SETTLED, of_last[-1][0] / 2)]
    kept.append(
        said(
            "the last server holds what it held when it had settled, within 5 %",
            settled[-1] <= 1.05 * settled[0],
            f"{settled[0]:.0f} MiB, then {settled[-1]:.0f} MiB {of_last[-1][0]:.0f} s after it started",
        )
    )
    for job in sorted((job for job in one_page if job not in met), key=lambda job: -job.took)[:5]:
        since = min((job.begun - end for _, end in server.downtimes if end <= job.begun), default=-1.0)
        print(f"  one of the slowest: {job.took:.1f} s, begun {since:.0f} s after a start")
    for job in wrong[:10]:
        print(f"  job {job.number}, {job.pages} pages: {job.wrong}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
