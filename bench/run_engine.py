"""Runs one engine over documents and writes its Markdown, its seconds and its memory. Used by quality.py.

    python run_engine.py ENGINE OUT FILE [FILE ...]      with the interpreter of the environment the engine lives in

Each document gives OUT/<stem>.md and a line of OUT/<engine>.jsonl: {"id", "seconds", "cpu", "pages"}, where the CPU is
that of the process and of what it has started; the last line holds the load time and the peak memory of the process.
One warm process for all documents: start-up is reported apart.
"""

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DPI = 150  # at which PDF pages are drawn for peers that read pictures
THREADS = len(os.sched_getaffinity(0))

Read = Callable[[Path], tuple[str, int]]  # document -> Markdown, number of pages


def octavo(**knobs: object) -> Read:
    from octavo import EngineSettings, ParseOptions, Parser, to_markdown

    parser = Parser(EngineSettings())
    parser.__enter__()
    options = ParseOptions.model_validate(knobs)

    def read(file: Path) -> tuple[str, int]:
        document = parser.parse(file, options)
        return to_markdown(document, options), len(document.pages)

    return read


def pictures(file: Path) -> list[object]:
    """The pages as RGB arrays, for engines that read pictures only."""
    import numpy as np
    import pypdfium2
    from PIL import Image, ImageSequence

    if file.suffix != ".pdf":
        with Image.open(file) as image:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    with pypdfium2.PdfDocument(file) as pdf:
        return [np.asarray(page.render(scale=DPI / 72).to_pil().convert("RGB")) for page in pdf]


def rapidocr() -> Read:
    from rapidocr import RapidOCR

    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": THREADS, "Global.log_level": "critical"}
    engine = RapidOCR(params=threads)

    def read(file: Path) -> tuple[str, int]:
        pages = pictures(file)
        texts = ["\n".join(engine(page).txts or ()) for page in pages]
        return "\n\n".join(texts), len(pages)

    return read


def faster_paddle(size: str) -> Read:
    """The same networks in Rust, which takes pictures as files."""
    import numpy as np
    from faster_paddle import OcrEngine
    from PIL import Image

    engine = OcrEngine(model_size=size, threads=THREADS)

    def one(page: object) -> str:
        file = io.BytesIO()
        Image.fromarray(np.asarray(page)).save(file, "BMP")
        return str(engine.ocr(file.getvalue())["text"])

    def read(file: Path) -> tuple[str, int]:
        pages = pictures(file)
        return "\n\n".join(one(page) for page in pages), len(pages)

    return read


def tesseract() -> Read:
    import numpy as np
    from PIL import Image

    languages = "eng+chi_sim+kor"

    def one(page: object) -> str:
        command = ["tesseract", "stdin", "stdout", "-l", languages, "--dpi", str(DPI)]
        picture = Path(f"{os.getpid()}.png")
        Image.fromarray(np.asarray(page)).save(picture)
        try:
            command[1] = str(picture)
            return subprocess.run(command, capture_output=True, check=True, text=True).stdout
        finally:
            picture.unlink()

    def read(file: Path) -> tuple[str, int]:
        pages = pictures(file)
        return "\n\n".join(one(page) for page in pages), len(pages)

    return read


def pdftotext() -> Read:
    """Poppler's: the text layer in its reading order."""

    def read(file: Path) -> tuple[str, int]:
        command = ["pdftotext", "-enc", "UTF-8", str(file), "-"]
        text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return text, text.count("\f")

    return read


def pdfium() -> Read:
    """PDFium's text alone: what reading the text layer costs and is worth by itself."""
    import pypdfium2

    def read(file: Path) -> tuple[str, int]:
        with pypdfium2.PdfDocument(file) as pdf:
            texts = [page.get_textpage().get_text_range() for page in pdf]
        return "\n\n".join(texts), len(texts)

    return read


def liteparse() -> Read:
    """The text layer alone: its OCR wants a download."""
    from liteparse import LiteParse

    parser = LiteParse(ocr_enabled=False, output_format="markdown")

    def read(file: Path) -> tuple[str, int]:
        result = parser.parse(str(file))
        return result.text, result.num_pages

    return read


def pdf_inspector() -> Read:
    """The text layer alone."""
    from pdf_inspector import process_pdf

    def read(file: Path) -> tuple[str, int]:
        result = process_pdf(str(file))
        return result.markdown or "", result.page_count

    return read


def docling() -> Read:
    """What docling runs without downloading a model: its native PDF pipeline (no layout network, no OCR)."""
    from docling.datamodel.base_models import InputFormat
    from docling.document_converter import PdfFormatOption
    from docling.pipeline.native_pdf_pipeline import NativePdfPipeline

    return _docling({InputFormat.PDF: PdfFormatOption(pipeline_cls=NativePdfPipeline)})


def docling_standard() -> Read:
    """docling's standard PDF pipeline, for its speed only: its layout network with random weights of the real shape
    (make_docling_layout.py writes them), without OCR and table structure, which would only make it slower."""
    from docling.datamodel.base_models import InputFormat
    from docling.datamodel.pipeline_options import PdfPipelineOptions
    from docling.document_converter import PdfFormatOption

    weights = os.environ["DOCLING_ARTIFACTS"]
    options = PdfPipelineOptions(artifacts_path=weights, do_ocr=False, do_table_structure=False)
    return _docling({InputFormat.PDF: PdfFormatOption(pipeline_options=options)})


def _docling(formats: dict[Any, Any]) -> Read:
    from docling.document_converter import DocumentConverter

    converter = DocumentConverter(allowed_formats=list(formats), format_options=formats)

    def read(file: Path) -> tuple[str, int]:
        document = converter.convert(file).document
        return document.export_to_markdown(), len(document.pages)

    return read


ENGINES: dict[str, Callable[[], Read]] = {
    "octavo": octavo,
    "octavo-pictures": lambda: octavo(text_layer="off"),
    "rapidocr": rapidocr,
    "faster-paddle-small": lambda: faster_paddle("small"),
    "faster-paddle-tiny": lambda: faster_paddle("tiny"),
    "tesseract": tesseract,
    "pdfium": pdfium,
    "pdftotext": pdftotext,
    "liteparse": liteparse,
    "pdf-inspector": pdf_inspector,
    "docling": docling,
    "docling-standard": docling_standard,
}


def cpu_seconds() -> float:
    """Of this process and those it has started, ended ones included (Linux)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = 0
    waiting = [os.getpid()]
    while waiting:
        process = Path("/proc", str(waiting.pop()))
        with contextlib.suppress(OSError):  # it has just ended
            ticks += sum(map(int, process.joinpath("stat").read_text().rpartition(")")[2].split()[11:13]))
            for thread in process.joinpath("task").iterdir():
                waiting += map(int, thread.joinpath("children").read_text().split())
    return ticks / os.sysconf("SC_CLK_TCK") + ended.ru_utime + ended.ru_stime


def main() -> None:
    name, out, *files = sys.argv[1:]
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    read = ENGINES[name]()
    load = time.perf_counter() - started
    with (folder / f"{name}.jsonl").open("w") as log:
        for file in map(Path, files):
            started, cpu = time.perf_counter(), cpu_seconds()
            try:
                markdown, pages = read(file)
                failure = None
            except Exception as error:  # a peer's failure is a result of the comparison
                markdown, pages, failure = "", 0, f"{type(error).__name__}: {str(error)[:200]}"
            seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
            (folder / f"{file.stem}.md").write_text(markdown)
            line = {"id": file.stem, "seconds": seconds, "cpu": cpu, "pages": pages, "failure": failure}
            print(json.dumps(line), file=log)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"load_seconds": load, "peak_mib": peak}), file=log)
    os._exit(0)


if __name__ == "__main__":
    main()
