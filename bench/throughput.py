"""What the program around the model costs: Octavo beside the official SDK and cheap-ocr, in one run.

    make bench-env bench                                          the peers' environments, documents, the tables
    python bench/throughput.py --workloads report --pages 20      a part of it
    python bench/throughput.py --limit own --latencies 0.2        each with as many requests in flight as it likes

All read the same pages at the same dpi from the same regions and ask the same server (octavo.frontends._stand_in), with
the same limit on requests in flight or each with its own. They are open and warm before they are measured, and take
turns, so that a noisy machine is noisy for all. CPU seconds are those of the competitor and its children, not the
server's. The pictures that the server gets of the first pages are read by one reader, and the words compared with the
page's: speed bought with resolution shows there. Writes a table and JSON.
"""

import argparse
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pypdfium2

ROOT = Path(__file__).parents[1]
COMPETITORS = {  # name: script, environments that may hold it
    "Octavo": ("run_octavo.py", (sys.executable,)),
    "official SDK": ("run_official_sdk.py", (".venvs/official/bin/python", ".venvs/vllm/bin/python")),
    "cheap-ocr": ("run_cheap_ocr.py", (".venvs/cheap_ocr/bin/python",)),
}
PAGES = {"report": 120, "tables": 300, "scans": 120}  # so that requests outnumber those in flight twenty times
OWN_SLOTS = 256  # of a server that each asks as it likes: vLLM's own default
WARM_PAGES = 4
BINS = 24  # of time, in which requests in flight are counted


class Server:
    """The model's stand-in, in a process of its own."""

    def __init__(self, slots: int, spread: float = 0.0) -> None:
        command = [sys.executable, "-m", "octavo.frontends._stand_in", "--latency", "0", "--slots", str(slots)]
        command += ["--spread", str(spread)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def latency(self, seconds: float) -> None:
        self._ask("latency", str(seconds).encode())

    def requests(self) -> tuple[list[tuple[float, float, int]], float]:
        """Came, went and bytes of each since the last call, and the server's CPU seconds."""
        said = json.loads(self._ask("requests", b""))
        return [tuple(row) for row in said["requests"]], said["cpu"]

    def keep(self) -> None:
        """Keep the pictures that come."""
        self._ask("keep", b"1")

    def kept(self) -> list[bytes]:
        """The pictures that came, JPEG; and keep no more."""
        return [base64.b64decode(picture) for picture in json.loads(self._ask("keep", b"0"))]

    def _ask(self, what: str, body: bytes) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/bench/{what}", data=body) as reply:
            return bytes(reply.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Competitor:
    """A program under measurement, open and waiting for documents."""

    def __init__(self, name: str, python: str, configuration: dict[str, Any], tree: Path = ROOT) -> None:
        """`tree`: whose script it is, and whose Octavo."""
        script = tree / "bench/competitors" / COMPETITORS[name][0]
        self.name = name
        self.process = subprocess.Popen(
            [python, "-W", "ignore", str(script), json.dumps(configuration)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(tree / "src")},
        )
        self.peak = 0
        self._answer()

    def read(self, *files: Path) -> dict[str, Any]:
        """Read documents, side by side where there are several; with the most memory held meanwhile, in MiB."""
        assert self.process.stdin is not None
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done,))
        self.peak = 0
        watch.start()
        try:
            self.process.stdin.write("|".join(map(str, files)) + "\n")
            self.process.stdin.flush()
            return self._answer() | {"peak_mib": self.peak / 1024}
        finally:
            done.set()
            watch.join()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended: see its last words above")
        return dict(json.loads(line))

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(0.1):
            self.peak = max(self.peak, sum(map(_resident_kib, _family(self.process.pid))))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def _family(process: int) -> Iterable[int]:
    yield process
    try:
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
    except OSError:
        return


def _resident_kib(process: int) -> int:
    """What it holds; of shared memory its share."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def excerpt(document: Path, pages: int) -> Path:
    """The first pages of a document, over and over where it has fewer."""
    path = document.with_name(f"{document.stem}-{pages}.pdf")
    if not path.exists() or path.stat().st_mtime < document.stat().st_mtime:
        with pypdfium2.PdfDocument(document) as source, pypdfium2.PdfDocument.new() as part:
            for start in range(0, pages, len(source)):
                part.import_pages(source, list(range(min(len(source), pages - start))))
            part.save(path)
    return path


def measured(competitor: Competitor, server: Server, limit: int, *files: Path) -> dict[str, Any]:
    """One reading with what the server saw of it."""
    server.requests()
    said = competitor.read(*files)
    requests, server_cpu = server.requests()
    seconds, pages = said["ended"] - said["began"], said["pages"]
    if not requests:
        raise SystemExit(f"{competitor.name} asked nothing")
    flight = in_flight(requests, limit)
    first = min(came for came, _, _ in requests)
    return {
        **said,
        "seconds": seconds,
        "pages_per_second": pages / seconds,
        "cpu_ms_per_page": 1000 * said["cpu"] / pages,
        "server_cpu_ms_per_page": 1000 * server_cpu / pages,
        "requests_per_page": len(requests) / pages,
        "kb_per_request": sum(size for _, _, size in requests) / len(requests) / 1000,
        "first_request": first - said["began"],
        "drawn_before_first_request": sum(drawn < first for drawn in said.get("drawn", ())),
        "first_page": said.get("first_page", said["ended"]) - said["began"],
        "in_flight": statistics.mean(flight),
        "flight": flight,
        "stages": {stage: 1000 * cpu / pages for stage, cpu in said.get("stages", {}).items()},
    }


def in_flight(requests: list[tuple[float, float, int]], limit: int) -> list[float]:
    """Requests at the server as a share of the limit, over the time from the first to the last that came."""
    first, last = min(came for came, _, _ in requests), max(came for came, _, _ in requests)
    width = max(1e-9, last - first) / BINS

    def share(start: float) -> float:
        return sum(max(0.0, min(went, start + width) - max(came, start)) for came, went, _ in requests) / width / limit

    return [round(share(first + number * width), 3) for number in range(BINS)]


def legibility(pictures: Sequence[bytes], truth: str) -> float:
    """F1 of the words that Octavo's embedded reader finds on pictures, against the words of the pages."""
    from octavo import EngineSettings, ParseOptions, Parser, to_markdown
    from octavo.settings import OrientationUse

    options = ParseOptions(layout=False, orientation=OrientationUse.OFF)
    found: Counter[str] = Counter()
    with Parser(EngineSettings()) as parser:
        for picture in pictures:
            found.update(words(to_markdown(parser.parse(picture, options), options)))
    wanted = Counter(words(truth))
    return 2 * (found & wanted).total() / max(1, found.total() + wanted.total())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"<[^>]+>", " ", text))


def text_of(document: Path) -> str:
    with pypdfium2.PdfDocument(document) as pdf:
        return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def middle(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure over repeated readings."""
    return {
        key: {stage: statistics.median(row[key].get(stage, 0.0) for row in rows) for stage in value}
        if isinstance(value, dict)
        else statistics.median(row[key] for row in rows)
        for key, value in rows[0].items()
        if isinstance(value, dict | int | float)
    } | {
        "flight": [round(statistics.median(shares), 3) for shares in zip(*(row["flight"] for row in rows), strict=True)]
    }


def beside(ours: Sequence[dict[str, Any]], peers: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """Our figures as multiples of a peer's: the median over the turns, then the least and the most.

    A turn's readings stand beside each other in time, so that what else the machine did is in both.
    """
    found = {}
    for key in ("cpu_ms_per_page", "pages_per_second"):
        turns = sorted(our[key] / peer[key] for our, peer in zip(ours, peers, strict=True))
        found[key] = [statistics.median(turns), turns[0], turns[-1]]
    return found


COLUMNS = (
    ("cpu_ms_per_page", "CPU ms/page", "{:.1f}"),
    ("pages_per_second", "pages/s", "{:.2f}"),
    ("in_flight", "in flight", "{:.0%}"),
    ("first_request", "first request s", "{:.2f}"),
    ("first_page", "first page s", "{:.2f}"),
    ("peak_mib", "peak MiB", "{:.0f}"),
    ("requests_per_page", "requests/page", "{:.1f}"),
    ("kb_per_request", "kB/request", "{:.1f}"),
    ("legible", "legible", "{:.3f}"),
)
BARS = " ▁▂▃▄▅▆▇█"


def report(results: list[dict[str, Any]]) -> list[str]:
    lines = ["| workload | latency | competitor | " + " | ".join(title for _, title, _ in COLUMNS) + " |"]
    lines.append("|---" * (len(COLUMNS) + 3) + "|")
    for row in results:
        cells = " | ".join(form.format(row[key]) for key, _, form in COLUMNS)
        lines.append(f"| {row['workload']} | {row['latency'] * 1000:.0f} ms | {row['competitor']} | {cells} |")
    lines.append("")
    for row in results:
        if row["stages"]:
            stages = ", ".join(f"{stage} {cpu:.2f}" for stage, cpu in row["stages"].items())
            lines.append(f"- Octavo, {row['workload']}, {row['latency'] * 1000:.0f} ms: CPU ms/page by stage: {stages}")
    lines += ["", "Requests in flight over time, as a share of the limit:", ""]
    for row in results:
        if row["latency"]:
            bars = "".join(BARS[min(8, round(8 * share))] for share in row["flight"])
            lines.append(f"    {row['workload']:8}{row['competitor']:14}|{bars}|")
    return lines


def ratios(results: list[dict[str, Any]]) -> list[str]:
    """Octavo's figures as multiples of each peer's: the median of the turns, and how far they lie apart."""
    lines = [
        "",
        "| workload | latency | peer | CPU per page, Octavo to peer | pages/s, Octavo to peer |",
        "|---|---|---|---|---|",
    ]
    for row in results:
        if "beside" in row:
            cpu, pace = (
                f"{middle:.2f} ({least:.2f} to {most:.2f})"
                for middle, least, most in (row["beside"]["cpu_ms_per_page"], row["beside"]["pages_per_second"])
            )
            lines.append(
                f"| {row['workload']} | {row['latency'] * 1000:.0f} ms | {row['competitor']} | {cpu} | {pace} |"
            )
    return lines


def interpreter(name: str) -> str | None:
    places = COMPETITORS[name][1]
    return next((str(ROOT / place) for place in places if (ROOT / place).exists()), None)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"), help="of documents.py")
    arguments.add_argument("--workloads", default="report,tables,scans,public", help="those of them that are there")
    arguments.add_argument("--competitors", default=",".join(COMPETITORS))
    arguments.add_argument("--pages", type=int, help="of each workload")
    arguments.add_argument("--dpi", type=int, default=150)
    arguments.add_argument("--limit", default="64", help="requests in flight, or `own`: each as it comes")
    arguments.add_argument("--latencies", default="0,0.2", help="seconds")
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument(
        "--settings",
        default='{"answers_kept": 0, "recovery": false}',
        help="engine settings of Octavo as JSON; by default each crop is asked for once, as the peers do",
    )
    arguments.add_argument("--out", type=Path, default=Path("out/bench/throughput"))
    chosen = arguments.parse_args()
    results: list[dict[str, Any]] = []
    limit = None if chosen.limit == "own" else int(chosen.limit)
    slots = limit or OWN_SLOTS
    for workload in chosen.workloads.split(","):
        document = chosen.folder.resolve() / f"{workload}.pdf"
        if not document.exists():
            print(f"no {document.name}: bench/documents.py makes it", file=sys.stderr)
            continue
        with pypdfium2.PdfDocument(document) as pdf:
            pages = chosen.pages or PAGES.get(workload) or len(pdf)
        warm = excerpt(document, WARM_PAGES)
        truth = text_of(warm).strip() or text_of(excerpt(chosen.folder.resolve() / "report.pdf", WARM_PAGES))
        configuration = {
            "dpi": chosen.dpi,
            "limit": limit,
            "regions": str(document.with_suffix(".regions.json")),
            "settings": json.loads(chosen.settings),
        }
        with ExitStack() as stack:
            server = stack.enter_context(Server(slots))
            competitors, legible = [], {}
            for name in chosen.competitors.split(","):
                python = interpreter(name)
                if python is None:
                    print(f"{name} is not installed: `make bench-env`", file=sys.stderr)
                    continue
                competitor = stack.enter_context(Competitor(name, python, configuration | {"port": server.port}))
                server.keep()
                competitor.read(warm)
                legible[name] = legibility(server.kept(), truth)
                competitors.append(competitor)
            for latency in map(float, chosen.latencies.split(",")):
                server.latency(latency)
                rows: dict[str, list[dict[str, Any]]] = {competitor.name: [] for competitor in competitors}
                for _ in range(chosen.repeat):
                    for competitor in competitors:
                        row = measured(competitor, server, slots, excerpt(document, pages))
                        rows[competitor.name].append(row)
                for name, several in rows.items():
                    about = {"workload": workload, "latency": latency, "competitor": name, "legible": legible[name]}
                    if name != "Octavo" and "Octavo" in rows:
                        about["beside"] = beside(rows["Octavo"], several)
                    results.append(about | middle(several))
    machine = {"cores": len(os.sched_getaffinity(0)), "date": time.strftime("%Y-%m-%d"), **vars(chosen)}
    text = "\n".join([*report(results), *ratios(results)])
    chosen.out.with_suffix(".json").write_text(json.dumps({"run": machine, "results": results}, indent=1, default=str))
    chosen.out.with_suffix(".md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
