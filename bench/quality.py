"""Quality and speed of Octavo beside its peers, on the same files.

    python bench/quality.py --data ../shared/eval/public --engines octavo,rapidocr,tesseract,docling

Peers run in the environment named by --peers (install_readers.sh makes it; `make bench-quality` does both). Scores
come from the score.py that lies beside the data. Prints two tables and writes them as Markdown: what each program costs
and is worth, on PDFs with a text layer and on pictures; and all metrics by kind of document, where speed is CPU seconds
per page, the median over the files of a kind. Programs are open when they are measured. --keep takes the peers' answers
of the run before.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pypdfium2

ENGINES = (
    "octavo,rapidocr,faster-paddle-small,faster-paddle-tiny,tesseract,pdfium,pdftotext,liteparse,pdf-inspector,docling"
)
LOWER, HIGHER = ("text_full", "order_edit"), ("word_f1", "teds", "tests", "overall")
SPEED = "CPU s/page"


def run(engine: str, python: Path, out: Path, files: list[Path]) -> None:
    command = [str(python), str(Path(__file__).with_name("run_engine.py")), engine, str(out), *map(str, files)]
    subprocess.run(command, check=True)


def scores(data: Path, out: Path) -> dict[str, dict[str, float]]:
    """id -> metric -> value."""
    result = out / "scores.json"
    scorer = [sys.executable, str(data.parent / "score.py"), "--manifest", str(data / "manifest.jsonl")]
    subprocess.run([*scorer, "--pred", str(out), "--json", str(result)], check=True, stdout=subprocess.DEVNULL)
    return {row["id"]: row for row in json.loads(result.read_text())["rows"]}


def speeds(out: Path, engine: str) -> dict[str, dict[str, float]]:
    lines = [json.loads(line) for line in (out / f"{engine}.jsonl").read_text().splitlines()]
    return {line.get("id", ""): line for line in lines}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--engines", default=ENGINES)
    arguments.add_argument("--peers", type=Path, default=Path(".venvs/readers/bin/python"))
    arguments.add_argument("--out", type=Path, default=Path("out/quality"))
    arguments.add_argument("--kinds", default="", help="comma-separated; default: all")
    arguments.add_argument("--keep", action="store_true", help="peers that were run already are not run again")
    chosen = arguments.parse_args()
    rows = [json.loads(line) for line in (chosen.data / "manifest.jsonl").read_text().splitlines()]
    kinds = set(filter(None, chosen.kinds.split(",")))
    rows = [row for row in rows if not kinds or row["kind"] in kinds]
    files = [chosen.data / row["file"] for row in rows]
    engines = chosen.engines.split(",")
    table: dict[str, dict[str, dict[str, float]]] = {}
    timing: dict[str, dict[str, dict[str, float]]] = {}
    for engine in engines:
        out = chosen.out / engine
        ours = engine.startswith("octavo")
        if ours or not chosen.keep or not (out / "scores.json").exists():
            run(engine, Path(sys.executable) if ours else chosen.peers, out, files)
        table[engine], timing[engine] = scores(chosen.data, out), speeds(out, engine)
    with_text = {row["id"] for row, file in zip(rows, files, strict=True) if _has_text(file)}
    groups = {
        "PDFs with a text layer": [row["id"] for row in rows if row["id"] in with_text],
        "pictures and scans": [row["id"] for row in rows if row["id"] not in with_text],
    }
    report = "\n".join([*_summary(groups, engines, table, timing), "", *_report(rows, engines, table, timing)])
    (chosen.out / "report.md").write_text(report + "\n")
    print(report)


def _has_text(file: Path) -> bool:
    if file.suffix != ".pdf":
        return False
    with pypdfium2.PdfDocument(file) as pdf:
        return any(page.get_textpage().count_chars() > 0 for page in pdf)


def _summary(
    groups: dict[str, list[str]],
    engines: list[str],
    table: dict[str, dict[str, dict[str, float]]],
    timing: dict[str, dict[str, dict[str, float]]],
) -> list[str]:
    """What each program costs and is worth on a group of files; what cannot read any of them is left out."""
    metrics = ("word_f1", "text_full", "teds", "tests")
    lines = ["| documents | program | CPU ms/page | " + " | ".join(metrics) + " |", "| --- " * (len(metrics) + 3) + "|"]
    for group, ids in groups.items():
        for engine in engines:
            done = [timing[engine][id_] for id_ in ids if timing[engine][id_]["pages"]]
            values = [_mean([table[engine].get(id_, {}).get(metric) for id_ in ids]) for metric in metrics]
            if not done or not values[0]:  # it found no word
                continue
            cost = 1000 * sum(one["cpu"] for one in done) / sum(one["pages"] for one in done)
            cells = " | ".join("" if value is None else f"{value:g}" for value in values)
            lines.append(f"| {group} ({len(ids)}) | {engine} | {cost:.1f} | {cells} |")
    return lines


def _report(
    rows: list[dict[str, str]],
    engines: list[str],
    table: dict[str, dict[str, dict[str, float]]],
    timing: dict[str, dict[str, dict[str, float]]],
) -> list[str]:
    by_kind: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row["id"])
    by_kind["all"] = [row["id"] for row in rows]
    lines = ["| metric | kind (files) | " + " | ".join(engines) + " |", "| --- " * (len(engines) + 2) + "|"]
    for metric in (*LOWER, *HIGHER, SPEED):
        for kind, ids in sorted(by_kind.items()):
            if metric == SPEED:
                values = [_pace([timing[engine][id_] for id_ in ids]) for engine in engines]
            else:
                values = [_mean([table[engine].get(id_, {}).get(metric) for id_ in ids]) for engine in engines]
            known = [value for value in values if value is not None]
            if known:
                best = (max if metric in HIGHER else min)(known)
                lines.append(
                    f"| {metric} | {kind} ({len(ids)}) | " + " | ".join(_cell(one, best) for one in values) + " |"
                )
    for engine in engines:
        last, failed = timing[engine][""], sum(one.get("failure") is not None for one in timing[engine].values())
        peak = f"peak memory {last['peak_mib']:.0f} MiB, {failed} files failed"
        lines.append(f"\n{engine}: load {last['load_seconds']:.1f} s, {peak}")
    return lines


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if isinstance(value, int | float)]
    return round(statistics.fmean(known), 3) if known else None


def _pace(files: list[dict[str, float]]) -> float | None:
    done = [one["cpu"] / one["pages"] for one in files if one["pages"]]
    return round(statistics.median(done), 2) if done else None


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return ""
    return f"**{value:g}**" if value == best else f"{value:g}"


if __name__ == "__main__":
    main()
