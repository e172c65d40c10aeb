"""What a GPU does for Octavo, without real weights: a network's time does not depend on them.

    make bench-gpu
    python bench/gpu.py --folder out/bench --part network|chain|beside

`network`: PP-DocLayoutV3 of full size (33 million parameters, random) by batch and precision, beside ONNX Runtime on
the CPU; whole pages of 150 dpi through the detector as it ships, and the network by itself. `chain`: the documents of
documents.py read by engine `glm-ocr`, with that network at work on every page, the regions replayed, and the model's
stand-in on the same machine: what binds when the model does not? `beside`: what the layout network takes from a model
on the same GPU. The model's stand-in answers as fast as an L40S does there (14 pages/s), and beside it somebody decodes
without a pause, as vLLM would: steps/s of a decoder of GLM-OCR's size, with random weights. Writes a table and JSON.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from throughput import Competitor, Server, excerpt, measured, middle

from octavo.detectors import pp_doclayout
from octavo.document import Label, PageImage
from octavo.geometry import Size
from octavo.settings import EngineSettings

SIZE = Size(1240, 1754)  # A4 at 150 dpi
BATCHES = (1, 2, 4, 8, 16, 32, 64)
PAGES = 256  # of each measurement of the network
SLOTS = 1024  # requests that the stand-in takes at a time: more than a GPU's vLLM
WORKLOADS = {"report": 500, "tables": 500, "scans": 200}  # pages
LATENCIES = (0.0, 0.2)


def random_network(folder: Path) -> Path:
    """PP-DocLayoutV3 as transformers configures it by default, with the layout's classes, in the hub's form."""
    import torch
    from transformers import PPDocLayoutV3Config, PPDocLayoutV3ForObjectDetection, PPDocLayoutV3ImageProcessor

    torch.manual_seed(0)
    names = {number: label.value for number, label in enumerate(Label)}
    config = PPDocLayoutV3Config(id2label=names, label2id={name: number for number, name in names.items()})
    PPDocLayoutV3ForObjectDetection(config).save_pretrained(folder)
    PPDocLayoutV3ImageProcessor(size={"height": 800, "width": 800}).save_pretrained(folder)
    return folder


def network(model: Path) -> list[dict[str, Any]]:
    """ms a page of the detector and of the network alone, and the GPU's memory, by batch and precision."""
    import torch

    dice = np.random.default_rng(0)
    pages = [
        PageImage(number, dice.integers(0, 256, (SIZE.height, SIZE.width, 3), dtype=np.uint8), dpi=150)
        for number in range(64)
    ]
    rows = []
    devices = [("cuda", True), ("cuda", False)] if torch.cuda.is_available() else [("cpu", False)]
    for device, half in devices:
        for batch in BATCHES:
            settings = EngineSettings(
                engine="glm-ocr",
                layout_model=str(model),
                layout_device=device,
                layout_half=half,
                layout_batch_size=batch,
                layout_workers=min(16, os.cpu_count() or 1),
            )
            detector = pp_doclayout.open_detector(settings)
            try:
                whole = _seconds(lambda d=detector, n=batch: d.detect(pages[:n]), PAGES // batch) / batch
                pictures = torch.zeros(
                    batch, 3, 800, 800, device=device, dtype=torch.float16 if half else torch.float32
                )
                alone = _seconds(lambda d=detector, p=pictures: _run(torch, d, p), PAGES // batch) / batch
                memory = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else 0.0
            finally:
                detector.close()
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            precision = "float16" if half else "float32"
            row = {"runs": f"torch, {device}", "precision": precision, "batch": batch, "ms_page": 1000 * whole}
            rows.append(row | {"ms_network": 1000 * alone, "memory_mib": memory})
            print(json.dumps(rows[-1]), flush=True)
    return rows + _onnx(model, pages)


def _run(torch: Any, detector: Any, pictures: Any) -> None:
    with torch.inference_mode():
        detector._network(pixel_values=pictures)
    if pictures.is_cuda:
        torch.cuda.synchronize()


def _onnx(model: Path, pages: list[PageImage]) -> list[dict[str, Any]]:
    from octavo.detectors import pp_doclayout_onnx

    file = model / "layout.onnx"
    pp_doclayout.export(EngineSettings(layout_model=str(model)), file)
    detector = pp_doclayout_onnx.open_detector(EngineSettings(layout_model=str(file)))
    rows = []
    try:
        for batch in (1, detector.batch_size):
            seconds = _seconds(lambda n=batch: detector.detect(pages[:n]), 4) / batch
            row = {"runs": f"ONNX Runtime, {os.cpu_count()} cores", "precision": "float32", "batch": batch}
            rows.append(row | {"ms_page": 1000 * seconds, "ms_network": None, "memory_mib": None})
            print(json.dumps(rows[-1]), flush=True)
    finally:
        detector.close()
    return rows


def _seconds(work: Any, times: int) -> float:
    """The median of some runs, after two that warm up."""
    work()
    work()
    took = []
    for _ in range(max(3, times)):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def chain(model: Path, folder: Path, repeat: int) -> list[dict[str, Any]]:
    """Pages/s and CPU of whole documents, with and without the network at work."""
    rows = []
    for workload, pages in WORKLOADS.items():
        document = folder / f"{workload}.pdf"
        if not document.exists():
            continue
        for detector in ("replay", "network_then_replay"):
            settings = {"answers_kept": 0, "recovery": False, "detector": detector, "layout_model": str(model)}
            configuration = {"dpi": 150, "limit": None, "regions": str(document.with_suffix(".regions.json"))}
            with Server(SLOTS) as server:
                given = configuration | {"port": server.port, "settings": settings}
                with Competitor("Octavo", sys.executable, given) as octavo:
                    octavo.read(excerpt(document, 64))
                    for latency in LATENCIES:
                        server.latency(latency)
                        read = [measured(octavo, server, SLOTS, excerpt(document, pages)) for _ in range(repeat)]
                        row = {"workload": workload, "detector": detector, "latency": latency, "pages": pages}
                        rows.append(row | middle(read))
                        print(json.dumps({key: rows[-1][key] for key in (*row, *SHOWN)}), flush=True)
    return rows


BESIDE_SLOTS, BESIDE_LATENCY = 256, 1.28  # vLLM's default; with both 200 requests/s, 14 pages of `report`
BESIDE_SPREAD = 0.9  # answers differ in length: pages end one by one, not in flocks
BESIDE_PAGES = 300
# GLM-OCR's decoder, about: 0.5 billion parameters, and what 200 sequences of 600 tokens keep in 24 layers
HIDDEN, INNER, LAYERS, VOCABULARY, SEQUENCES, TOKENS, KEPT = 1536, 4608, 24, 59_392, 200, 600, 1024


def beside(model: Path, folder: Path, repeat: int) -> list[dict[str, Any]]:
    """Steps/s of a decoder alone, beside a worker's front, and beside its network, by how long pages gather for it."""
    document = folder / "report.pdf"
    rows: list[dict[str, Any]] = []
    ways: list[tuple[str, dict[str, Any]]] = [("replay", {}), ("network_then_replay", {"gathering": 0.0})]
    ways += [("network_then_replay", {"gathering": seconds}) for seconds in (0.25, 0.5)]
    with Decoder() as decoder:
        rows.append({"detector": "nobody", "steps_per_second": decoder.pace(lambda: time.sleep(8))[0]})
        for detector, gathering in ways:
            settings = {"answers_kept": 0, "recovery": False, "detector": detector, "layout_model": str(model)}
            configuration = {"dpi": 150, "limit": None, "regions": str(document.with_suffix(".regions.json"))}
            with Server(BESIDE_SLOTS, BESIDE_SPREAD) as server:
                given = configuration | gathering | {"port": server.port, "settings": settings}
                with Competitor("Octavo", sys.executable, given) as octavo:
                    octavo.read(excerpt(document, 64))
                    server.latency(BESIDE_LATENCY)
                    read = []
                    for _ in range(repeat):
                        pace, row = decoder.pace(
                            lambda o=octavo, s=server: measured(o, s, BESIDE_SLOTS, excerpt(document, BESIDE_PAGES))
                        )
                        read.append(row | {"steps_per_second": pace})
            rows.append({"detector": detector, **gathering, **middle(read)})
            print(json.dumps({key: rows[-1][key] for key in (*SHOWN, "layout_batch", "steps_per_second")}), flush=True)
    return rows


class Decoder:
    """A process that decodes without a pause on the GPU."""

    def __init__(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._steps = spawning.Value("L", 0, lock=False)
        self._ready = spawning.Event()
        self._process = spawning.Process(target=_decode, args=(self._steps, self._ready), daemon=True)

    def __enter__(self) -> "Decoder":
        self._process.start()
        if not self._ready.wait(120):
            raise SystemExit("the decoder did not begin: see its last words above")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()

    def pace(self, work: Any) -> tuple[float, Any]:
        """Its steps/s while something is done, and what came of that."""
        before, began = self._steps.value, time.monotonic()
        done = work()
        return (self._steps.value - before) / (time.monotonic() - began), done


def _decode(steps: Any, ready: Any) -> None:
    import torch

    def weights(*shape: int) -> Any:
        return 0.02 * torch.randn(*shape, device="cuda", dtype=torch.bfloat16)

    layers = [
        (weights(HIDDEN, 3 * HIDDEN), weights(HIDDEN, HIDDEN), weights(HIDDEN, 2 * INNER), weights(INNER, HIDDEN))
        for _ in range(LAYERS)
    ]
    kept = weights(LAYERS, SEQUENCES, TOKENS, KEPT)
    words, state = weights(HIDDEN, VOCABULARY), weights(SEQUENCES, HIDDEN)

    def step() -> Any:
        now = state
        for layer, (first, second, third, fourth) in enumerate(layers):
            seen = kept[layer].amax(1)  # as attention does, it reads all that is kept
            now = now + (now @ first)[:, :HIDDEN] @ second + seen[:, :1]
            gates, values = (now @ third).split(INNER, dim=1)
            now = torch.nn.functional.layer_norm(now + (torch.nn.functional.silu(gates) * values) @ fourth, (HIDDEN,))
        return (now @ words).argmax(-1)

    for _ in range(3):
        step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    ready.set()
    while True:
        graph.replay()
        torch.cuda.synchronize()
        steps.value += 1


SHOWN = ("pages_per_second", "cpu_ms_per_page", "server_cpu_ms_per_page", "in_flight", "first_page", "peak_mib")


def report(said: dict[str, Any]) -> str:
    lines = [f"{said['machine']}, {said['date']}", ""]
    if said["network"]:
        lines += ["| runs on | precision | batch | ms/page, detector | ms/page, network | GPU MiB |", "|---" * 6 + "|"]
        for row in said["network"]:
            alone = "" if row["ms_network"] is None else f"{row['ms_network']:.2f}"
            memory = "" if row["memory_mib"] is None else f"{row['memory_mib']:.0f}"
            cells = (row["runs"], row["precision"], row["batch"], f"{row['ms_page']:.2f}", alone, memory)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        lines.append("")
    if said["chain"]:
        lines.append(
            "| workload | layout | latency | pages/s | CPU ms/page | server's CPU ms/page | in flight | peak MiB |"
        )
        lines.append("|---" * 8 + "|")
        for row in said["chain"]:
            layout = "replayed" if row["detector"] == "replay" else "network at work"
            lines.append(
                f"| {row['workload']} | {layout} | {1000 * row['latency']:.0f} ms | {row['pages_per_second']:.1f} | "
                f"{row['cpu_ms_per_page']:.1f} | {row['server_cpu_ms_per_page']:.1f} | {row['in_flight']:.0%} | "
                f"{row['peak_mib']:.0f} |"
            )
        for row in said["chain"]:
            stages = ", ".join(f"{stage} {cpu:.2f}" for stage, cpu in row["stages"].items())
            lines.append(f"- {row['workload']}, {row['detector']}, {1000 * row['latency']:.0f} ms: {stages}")
    if said["beside"]:
        lines += [
            "| layout | gathering | pages a batch | pages/s | CPU ms/page | first page s | decoder's steps/s | share |",
            "|---" * 8 + "|",
        ]
        alone = said["beside"][0]["steps_per_second"]
        for row in said["beside"]:
            layout = {"nobody": "nobody reads", "replay": "replayed"}.get(row["detector"], "network at work")
            gathering = f"{row['gathering']:g} s" if "gathering" in row else ""
            batch, pages, cpu, first = (
                f"{row[key]:.1f}" if row.get(key) else ""
                for key in ("layout_batch", "pages_per_second", "cpu_ms_per_page", "first_page")
            )
            steps = row["steps_per_second"]
            lines.append(
                f"| {layout} | {gathering} | {batch} | {pages} | {cpu} | {first} | {steps:.1f} | {steps / alone:.2f} |"
            )
    return "\n".join(lines)


def _machine() -> str:
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{card}, {len(os.sched_getaffinity(0))} cores"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=Path, default=Path("out/bench"), help="of documents.py")
    arguments.add_argument("--part", choices=("network", "chain", "beside"), help="by default all")
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--out", type=Path, default=Path("out/bench/gpu"))
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        model = random_network(Path(scratch))
        said: dict[str, Any] = {"machine": _machine(), "date": time.strftime("%Y-%m-%d"), "network": [], "chain": []}
        said["beside"] = []
        if chosen.part in (None, "network"):
            said["network"] = network(model)
        if chosen.part in (None, "chain"):
            said["chain"] = chain(model, chosen.folder.resolve(), chosen.repeat)
        if chosen.part in (None, "beside"):
            said["beside"] = beside(model, chosen.folder.resolve(), chosen.repeat)
    chosen.out.with_suffix(".json").write_text(json.dumps(said, indent=1))
    chosen.out.with_suffix(".md").write_text(report(said) + "\n")
    print(report(said))


if __name__ == "__main__":
    main()
