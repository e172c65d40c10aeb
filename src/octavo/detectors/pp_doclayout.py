"""PP-DocLayoutV3, the layout network of GLM-OCR's full mode, through transformers: the home of torch.

Its boxes come as the network gives them, duplicates and nested ones included, with their rank in reading order:
`regions` settles them, by the official SDK's rules in the profile `official`. Pictures are prepared as transformers'
`PPDocLayoutV3ImageProcessor` does, bit by bit, in a third of its time: 800 x 800 bicubic without antialiasing, on bytes
(torch's arithmetic on bytes is not the one on floats, so it happens on the CPU wherever the network runs), over 255.

Without outlines the mask head is kept from drawing 300 masks in each of six decoder layers: 288 MB a page.
"""

import json
import logging
import os
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from octavo.document import Detection, PageImage
from octavo.errors import EngineFailed, EngineUnavailable
from octavo.networks.pp_doclayout import LABELS, Found, detections, lowest_scores
from octavo.settings import LAYOUT_MODEL, LAYOUT_REVISION, EngineSettings
from octavo.weights import hub_cache

log = logging.getLogger(__name__)

# Bytes that a batch takes for each of its pages, and once more, in half precision or not: on an H100 batches of 1 to 16
# took 278 to 2979 MiB, and 742 to 5698.
_PAGE_MEMORY = {True: 200 << 20, False: 400 << 20}


def open_detector(settings: EngineSettings) -> "PPDocLayout":
    """Loads the network. Raises EngineUnavailable where a package or the weights are missing."""
    return PPDocLayout(settings)


class PPDocLayout:
    """The network, on one device."""

    sees_pictures = True

    def __init__(self, settings: EngineSettings) -> None:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise EngineUnavailable(
                "the detector pp_doclayout needs torch and transformers: pip install 'octavo[gpu]'"
            ) from error
        self._torch = torch
        self._device = _device(torch, settings)
        self._half = self._device.type == "cuda" and settings.layout_half
        self._network, self._input = _loaded(torch, transformers, settings, half=self._half)
        self._network.to(self._device).eval()
        self._always_outlined = settings.layout_polygons
        self._outlining = False  # for the batch at hand
        self._network.model.decoder.register_forward_pre_hook(self._without_masks, with_kwargs=True)
        self._lowest = torch.tensor(lowest_scores(settings), dtype=torch.float32, device=self._device)
        self._preparers = ThreadPoolExecutor(settings.layout_workers, thread_name_prefix="layout-pictures")
        self.batch_size = settings.layout_batch_size or (16 if self._device.type == "cuda" else 1)
        self._sizes = sizes(self.batch_size) if self._device.type == "cuda" else []
        self._left_alone = settings.gpu_memory_utilization if settings.url is None else 0.0  # of the GPU, for our vLLM
        self._turn = threading.Lock()  # of who runs the network
        self._closed = False
        self._warming = threading.Thread(target=self._warm, name="layout-warming", daemon=True)
        self._warming.start()
        name = Path(settings.layout_model).name
        self.described = f"PP-DocLayoutV3 ({name}), {'float16' if self._half else 'float32'} on {self._device}"

    def detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        found: list[list[Detection]] = []
        for start in range(0, len(pages), self.batch_size):
            found += self._detect(pages[start : start + self.batch_size])
        return found

    def close(self) -> None:
        self._closed = True
        self._warming.join()
        self._preparers.shutdown()
        self._network = None
        if self._device.type == "cuda":
            self._torch.cuda.empty_cache()

    def write_onnx(self, file: Path) -> None:
        """The network as it is here, for one page at a time."""
        torch, network = self._torch, self._network

        class Outputs(torch.nn.Module):  # type: ignore[misc,name-defined]  # torch is known at run time only
            def __init__(self) -> None:
                super().__init__()
                self.network = network

            def forward(self, pixel_values: Any) -> Any:
                answer = self.network(pixel_values=pixel_values)
                return answer.logits, answer.pred_boxes, answer.order_logits

        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of constants in the trace: the size of the picture is one
                torch.onnx.export(
                    Outputs(),
                    (torch.zeros(1, 3, *self._input),),
                    str(file),
                    dynamo=False,
                    opset_version=17,
                    input_names=["pixel_values"],
                    output_names=["logits", "boxes", "order_logits"],
                )
        except torch.onnx.OnnxExporterError as error:
            raise EngineUnavailable("writing ONNX files needs the package onnx: pip install onnx") from error

    def _detect(self, pages: Sequence[PageImage]) -> list[list[Detection]]:
        """One batch; halved as long as the GPU's memory does not hold it."""
        try:
            return [[*detections(found, page.size)] for found, page in zip(self._seen(pages), pages, strict=True)]
        except self._torch.OutOfMemoryError as error:
            if len(pages) == 1:
                raise EngineFailed("the layout network needs more GPU memory than is left for one page") from error
        half = len(pages) // 2
        log.warning("layout_batch_halved pages=%d", len(pages))
        self._torch.cuda.empty_cache()
        return self._detect(pages[:half]) + self._detect(pages[half:])

    def _seen(self, pages: Sequence[PageImage]) -> list[Found]:
        torch = self._torch
        self._outlining = self._always_outlined or any(page.outlined for page in pages)
        with torch.inference_mode():
            pictures = self._filled(torch.stack([*self._preparers.map(self._prepared, pages)]))
            with self._turn:
                answer = self._network(pixel_values=pictures)
            extents = [(page.size.width, page.size.height) * 2 for page in pages]
            extents += [(1, 1, 1, 1)] * (len(pictures) - len(pages))
            scale = torch.tensor(extents, device=self._device)[:, None, :]
            middles, sides = answer.pred_boxes.float().split(2, dim=-1)
            boxes = torch.cat([middles - 0.5 * sides, middles + 0.5 * sides], dim=-1) * scale
            ranks = _ranks(torch, answer.order_logits.float())

            # The best (query, class) pairs, as many as there are queries: a query may come twice, as two classes.
            queries, classes = answer.logits.shape[1:]
            scores, best = torch.sigmoid(answer.logits.float()).flatten(1).topk(queries, dim=-1)
            labels, rows = best % classes, best // classes
            found = []
            for page in range(len(pages)):
                keep = scores[page] >= self._lowest[labels[page]]
                row = rows[page][keep]
                rank, order = ranks[page][row].sort()
                row = row[order]
                masks = None
                if self._always_outlined or pages[page].outlined:
                    masks = (answer.out_masks[page][row].float().sigmoid() > self._lowest.min()).cpu().numpy()
                found.append(
                    Found(
                        labels[page][keep][order].cpu().numpy(),
                        scores[page][keep][order].cpu().numpy(),
                        boxes[page][row].cpu().numpy(),
                        rank.cpu().numpy(),
                        masks,
                    )
                )
            return found

    def _filled(self, pictures: Any) -> Any:
        """Blank pages added up to the next size of a batch."""
        size = next((size for size in self._sizes if size >= len(pictures)), len(pictures))
        return self._torch.nn.functional.pad(pictures, (0, 0) * 3 + (0, size - len(pictures)))

    def _warm(self) -> None:
        """Let the GPU's libraries choose their kernels for each size, the smallest first, while nobody asks.

        vLLM, which starts meanwhile, refuses to where less memory is free than it was told to take.
        """
        torch = self._torch
        kind = torch.float16 if self._half else torch.float32
        for size in self._sizes:
            with self._turn, torch.inference_mode():
                free, total = torch.cuda.mem_get_info(self._device)
                if self._closed or free - self._left_alone * total < (size + 1) * _PAGE_MEMORY[self._half]:
                    return
                try:
                    self._network(pixel_values=torch.zeros(size, 3, *self._input, dtype=kind, device=self._device))
                    torch.cuda.synchronize(self._device)
                except torch.OutOfMemoryError:
                    return
                finally:
                    torch.cuda.empty_cache()

    def _without_masks(
        self, decoder: Any, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> tuple[Any, dict[str, Any]]:
        """Leaves the decoder one pixel to draw its masks on, where no page of the batch wants outlines."""
        if not self._outlining and "mask_feat" in named:
            named["mask_feat"] = named["mask_feat"][..., :1, :1]
        return arguments, named

    def _prepared(self, page: PageImage) -> Any:
        torch = self._torch
        pixels = (
            page.pixels if page.pixels.flags.writeable else page.pixels.copy()
        )  # torch warns of what it cannot write
        with torch.inference_mode():
            picture = torch.from_numpy(pixels).permute(2, 0, 1)[None]
            small = torch.nn.functional.interpolate(picture, self._input, mode="bicubic", align_corners=False)
            grey = small[0].to(self._device).float() / 255
            return grey.half() if self._half else grey


def sizes(most: int) -> list[int]:
    """Pages of a batch on a GPU. For each new size its libraries choose kernels anew, on an H100 0.6 to 1.4 s where 16
    pages take 0.12; a blank page more takes 4 ms at most."""
    steps = [1, 4]
    while steps[-1] < most:
        steps.append(2 * steps[-1])
    return [*(step for step in steps if step < most), most]


def _ranks(torch: Any, logits: Any) -> Any:
    """Reading order: queries ranked by how many others each pair's vote puts before them."""
    before = torch.sigmoid(logits)
    votes = before.triu(diagonal=1).sum(dim=1) + (1.0 - before.transpose(1, 2)).tril(diagonal=-1).sum(dim=1)
    return votes.argsort(dim=1).argsort(dim=1)


def export(settings: EngineSettings, file: Path) -> None:
    """Writes the network as an ONNX file, for the detector pp_doclayout_onnx. Raises EngineUnavailable."""
    opened = PPDocLayout(settings.model_copy(update={"layout_device": "cpu", "layout_polygons": False}))
    try:
        opened.write_onnx(file)
    finally:
        opened.close()


# --- opening -----------------------------------------------------------------------------------------------------


def _device(torch: Any, settings: EngineSettings) -> Any:
    has_gpu = torch.cuda.is_available()
    name = settings.layout_device or (f"cuda:{settings.layout_gpu}" if has_gpu else "cpu")
    if name.startswith("cuda") and not has_gpu:
        raise EngineUnavailable(f"layout_device is {name!r}, but this machine has no GPU that torch can use")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise EngineUnavailable(f"layout_device is {name!r}, but there are {torch.cuda.device_count()} GPUs")
    return device


def _loaded(torch: Any, transformers: Any, settings: EngineSettings, *, half: bool) -> tuple[Any, tuple[int, int]]:
    """The network and the height and width of the pictures it wants."""
    found = hub_cache.snapshot(settings.layout_model, _revision(settings), settings, os.environ)
    model, local = (settings.layout_model, False) if found is None else (str(found), True)
    where = {} if local else {"revision": _revision(settings), "cache_dir": settings.model_cache}
    transformers.utils.logging.disable_progress_bar()
    try:
        described = transformers.utils.cached_file(model, "preprocessor_config.json", **where)
        size = json.loads(Path(described).read_text())["size"]
        network = transformers.PPDocLayoutV3ForObjectDetection.from_pretrained(
            model, dtype=torch.float16 if half else torch.float32, use_safetensors=True, **where
        )
    except AttributeError as error:
        raise EngineUnavailable(
            "this transformers does not know PP-DocLayoutV3: pip install 'transformers>=5.3'"
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EngineUnavailable(_missing(settings, local=local)) from error
    if network.config.num_labels != len(LABELS):
        classes = network.config.num_labels
        raise EngineUnavailable(f"{Path(model).name!r} is no PP-DocLayoutV3: it tells {classes} classes apart")
    return network, (size["height"], size["width"])


def _revision(settings: EngineSettings) -> str | None:
    usual = LAYOUT_REVISION if settings.layout_model == LAYOUT_MODEL else None
    return settings.layout_revision or usual


def _missing(settings: EngineSettings, *, local: bool) -> str:
    if local or Path(settings.layout_model).is_absolute():
        return (
            f"the folder {Path(settings.layout_model).name!r} holds no PP-DocLayoutV3: config.json, "
            "preprocessor_config.json and model.safetensors belong in it"
        )
    revision = f" --revision {named}" if (named := _revision(settings)) else ""
    return (
        f"the layout network {settings.layout_model!r} is not on this machine and cannot be fetched: run "
        f"`hf download {settings.layout_model}{revision}` where there is a network, or give its folder as layout_model"
    )
