"""A batch on a Ray cluster: warm parsers as actors of Ray Data, which places them, feeds them no faster than they read,
starts them anew where a node is lost, and has more of them where the cluster grows. The home of Ray.

Documents travel as names: each parser gets its bytes from the source and puts its files into the target, both of which
every node must reach. A document whose node was lost is read again elsewhere, unless its marker says that it was done.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from octavo.corpus import stores
from octavo.corpus.desk import Before, Desk
from octavo.corpus.items import Item
from octavo.corpus.markers import Markers, Trouble
from octavo.corpus.readers import Local
from octavo.corpus.sources import Corpus
from octavo.errors import EngineUnavailable, OctavoError
from octavo.frozen import frozen
from octavo.settings import BatchSettings, EngineSettings, ParseOptions

if TYPE_CHECKING:
    import numpy as np


@frozen
class RayTask:
    """A document, and what is known of it."""

    item: Item
    before: Before | None
    done: frozenset[str]  # ways in which it is done, by their digests

    def packed(self) -> str:
        trouble = self.before.trouble if self.before else None
        before = None if self.before is None else {"trouble": None if trouble is None else asdict(trouble)}
        return json.dumps({"item": asdict(self.item), "before": before, "done": sorted(self.done)})

    @classmethod
    def unpacked(cls, text: str) -> "RayTask":
        said = json.loads(text)
        before = said["before"]
        trouble = before["trouble"] if before else None
        return cls(
            Item(**said["item"]),
            None if before is None else Before(None if trouble is None else Trouble(**trouble)),
            frozenset(said["done"]),
        )


@frozen
class Order:
    """Everything that a parser on another machine has to know; plain values, for they travel."""

    source: str
    target: str
    engine: Mapping[str, Any]
    options: Mapping[str, Any]
    batch: Mapping[str, Any]

    @classmethod
    def of(
        cls, source: str, target: str, engine: EngineSettings, options: ParseOptions, batch: BatchSettings
    ) -> "Order":
        return cls(source, target, _plain(engine), _plain(options), _plain(batch))


class Cluster:
    """A Ray cluster: one that runs at an address, or one that is started here for as long as this process lives."""

    def __init__(self, address: str, order: Order, settings: BatchSettings) -> None:
        """An empty address is what RAY_ADDRESS says, or this machine. Raises EngineUnavailable."""
        try:
            import ray
            import ray.data
        except ModuleNotFoundError as missing:
            raise EngineUnavailable("a cluster needs the package 'ray': pip install 'octavo[ray]'") from missing
        self._ray = ray
        self._order = order
        self._settings = settings
        ray.data.DataContext.get_current().enable_progress_bars = False  # the batch has its own
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            ray.init(address=address or None, log_to_driver=False, logging_level="error", ignore_reinit_error=True)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise EngineUnavailable(f"there is no Ray cluster at {address or 'this machine'!r}") from error

    def read(self, tasks: Sequence[RayTask]) -> Iterator[tuple[Item, Mapping[str, Any] | None]]:
        """Each document with what its marker says, as they end; None where it was done already. Blocks. Raises what a
        parser raised, EngineUnavailable where Ray itself gives up."""
        by_name = {task.item.name: task.item for task in tasks}
        at_once = self._settings.documents_at_once
        rows = self._ray.data.from_items(
            [{"task": task.packed()} for task in tasks], override_num_blocks=max(1, -(-len(tasks) // at_once))
        )
        most = self._settings.ray_most or max(1, int(self._cpus // self._settings.ray_cpus))
        ended = rows.map_batches(
            ParserActor,
            fn_constructor_args=(self._order,),
            batch_size=at_once,
            batch_format="numpy",
            concurrency=(min(self._settings.ray_least, most), most),
            num_cpus=self._settings.ray_cpus,
            num_gpus=self._settings.ray_gpus or None,
        )
        try:
            for row in ended.iter_rows():
                said = json.loads(row["said"])
                yield by_name[row["document"]], said
        except self._ray.exceptions.RayError as error:
            raise _ours(error) from error

    @property
    def _cpus(self) -> float:
        return float(self._ray.cluster_resources().get("CPU", 1.0))

    def close(self) -> None:
        self._ray.shutdown()


class ParserActor:
    """Engines that stay open, on some node. Documents of one batch are read side by side."""

    def __init__(self, order: Order) -> None:
        engine = EngineSettings.model_validate(dict(order.engine))
        options = ParseOptions.model_validate(dict(order.options))
        batch = BatchSettings.model_validate(dict(order.batch))
        reader = Local(engine, options)
        corpus = Corpus(
            order.source, engine, target=order.target, pattern=batch.pattern, unpacked_bytes=batch.unpacked_bytes
        )
        markers = Markers.of(stores.opened(order.target), reader, batch.shapes)
        self._desk = Desk(corpus, reader, markers, batch.shapes, f"ray-{uuid.uuid4().hex[:12]}")
        self._loop = asyncio.new_event_loop()
        self._open = AsyncExitStack()
        self._loop.run_until_complete(self._open.enter_async_context(reader.opened()))

    def __call__(self, rows: "dict[str, np.ndarray]") -> "dict[str, list[str]]":
        tasks = [RayTask.unpacked(str(text)) for text in rows["task"]]
        said = self._loop.run_until_complete(self._read(tasks))
        return {"document": [task.item.name for task in tasks], "said": [json.dumps(one) for one in said]}

    async def _read(self, tasks: Sequence[RayTask]) -> list[Mapping[str, Any] | None]:
        return await asyncio.gather(*(self._document(task) for task in tasks))

    async def _document(self, task: RayTask) -> Mapping[str, Any] | None:
        self._desk.markers.done[task.item.key] = set(task.done)
        ended = await self._desk.document(task.item, task.before, begun=_nothing, page=_nothing)
        return None if ended is None else ended.said


def _nothing() -> None:
    """Who watches is on another machine."""


def _plain(settings: BaseModel) -> dict[str, Any]:
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in settings}


def _ours(error: Exception) -> OctavoError:
    """What a parser raised, where that was ours; Ray's own trouble otherwise."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OctavoError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    return EngineUnavailable(f"the Ray cluster gave up: {type(error).__name__}")
