"""cheap-ocr (PyPI, 0.0.1): its own pipeline, renderer, crops and client; regions are replayed."""

import asyncio
import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import cheap_ocr.layout as layout
import measure
from cheap_ocr.config import EngineConfig, OcrConfig
from cheap_ocr.layout.labels import task_for_label
from cheap_ocr.models import DocumentInput, Page, Region
from cheap_ocr.ocr import VllmOcrClient
from cheap_ocr.pdf import RenderEngine
from cheap_ocr.pipeline import Pipeline


class Replay:
    """In the place of cheap-ocr's layout detector."""

    def __init__(self, pages: list[list[dict[str, Any]]]) -> None:
        self.pages = pages

    def detect_pages(self, pages: list[Page]) -> dict[int, list[Region]]:
        return {page.page_index: self._regions(page.page_index) for page in pages}

    def _regions(self, number: int) -> list[Region]:
        found = []
        for index, region in enumerate(self.pages[number % len(self.pages)]):
            left, top, right, bottom = (round(side) for side in region["box"])
            task = task_for_label(region["label"])
            if task is not None:
                found.append(Region(number, index, region["label"], task, (left, top, right, bottom), 0.9))
        return found


def start(configuration: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    logging.disable(logging.INFO)
    regions = json.loads(Path(configuration["regions"]).read_text())
    layout._build_detector = lambda config: Replay(regions)
    own = {} if configuration["limit"] is None else {"ocr_request_concurrency": configuration["limit"]}
    config = OcrConfig(pdf_dpi=configuration["dpi"], **own)
    engine = EngineConfig()
    render, detect = RenderEngine(), layout.LayoutEngine(engine)
    crops = ThreadPoolExecutor(max_workers=engine.crop_encode_workers)
    url = f"http://127.0.0.1:{configuration['port']}/v1"

    async def parse(file: str) -> dict[str, Any]:
        connector = aiohttp.TCPConnector(limit=config.ocr_request_concurrency + 16, ttl_dns_cache=300)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = VllmOcrClient(session=session, base_url=url, config=config)
            pipeline = Pipeline(
                config=config,
                render=render,
                layout=detect,
                ocr=client,
                crop_executor=crops,
                read=lambda document: Path(document.uri).read_bytes(),
            )
            document = DocumentInput(uri=file, relative_path="document.pdf", input_id="document")
            async for processed in pipeline.stream([document]):
                if processed.result is None:
                    raise RuntimeError(processed.stats)
                return {"pages": processed.result.page_count, "characters": len(processed.result.markdown)}
        raise RuntimeError("no result")

    return lambda file: asyncio.run(parse(file))


if __name__ == "__main__":
    measure.serve(start)
