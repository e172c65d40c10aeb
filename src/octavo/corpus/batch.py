"""Many documents, each read once, by as many machines as run the same command on one target.

A document is claimed, read, its files are put, its marker is made, the claim is given back, in this order: whoever dies
in between leaves a claim that goes stale and files that the next one puts again, the same. A run ends when all of its
documents are done, those of machines that died included; it waits for those that live.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

from octavo.corpus import markers, shards
from octavo.corpus.desk import Before, Desk, Ended
from octavo.corpus.items import Item
from octavo.corpus.leases import BEATS, Lease, Leases
from octavo.corpus.markers import HOME, Markers
from octavo.corpus.on_ray import Cluster, RayTask
from octavo.corpus.readers import Reader
from octavo.corpus.sources import Corpus
from octavo.corpus.stopping import Stop, Stopped, to_its_end
from octavo.corpus.stores import CorpusStore
from octavo.errors import Fault, OctavoError, OutputTaken
from octavo.frozen import frozen
from octavo.settings import BatchSettings

log = logging.getLogger(__name__)

_FAILED_IN_A_ROW: Final = 10  # documents that fail by no fault of theirs: something is down, and all would fail
_AT_ONCE: Final = 16  # small files that are got side by side


@frozen
class Share:
    """What there is to do."""

    documents: int  # of the corpus
    mine: int  # of these, this machine's share
    done: int  # of these, before
    to_read: tuple[Item, ...]


class Listener(Protocol):
    """Is told how it goes."""

    def listed(self, share: Share) -> None: ...

    def begun(self, item: Item) -> None: ...

    def page(self, item: Item) -> None: ...

    def ended(self, ended: Ended) -> None: ...

    def by_others(self, item: Item) -> None: ...

    def note(self, text: str) -> None: ...


@dataclass(slots=True)
class Batch:
    """One run over a corpus. For one event loop."""

    corpus: Corpus
    store: CorpusStore
    reader: Reader
    settings: BatchSettings
    listener: Listener
    stop: Stop
    overwrite: bool = False
    cluster: Cluster | None = None  # that reads, instead of this process
    leases: Leases = field(init=False)
    markers: Markers = field(init=False)
    _desk: Desk = field(init=False)
    _plan: shards.Plan = field(init=False)
    _all: list[Item] = field(default_factory=list)
    _free: deque[Item] = field(default_factory=deque)
    _of_others: list[Item] = field(default_factory=list)
    _before: dict[str, Before] = field(default_factory=dict)  # documents that were done
    _held: dict[str, tuple[Lease, asyncio.Task[Ended | None]]] = field(default_factory=dict)
    _in_a_row: int = 0

    def __post_init__(self) -> None:
        self.leases = Leases(self.store, self.settings.lease_seconds)
        self.markers = Markers.of(self.store, self.reader, self.settings.shapes)
        self._desk = Desk(self.corpus, self.reader, self.markers, self.settings.shapes, self.leases.worker, self.stop)

    async def run(self) -> dict[str, Any] | None:
        """All of it; the summary of the whole corpus where all of it is done. Raises OctavoError, and Stopped where
        the run was asked to end."""
        share = await asyncio.to_thread(self.share)
        self._plan = await asyncio.to_thread(self._settled_plan)
        self.listener.listed(share)
        self._free.extend(share.to_read)
        if share.to_read and self.cluster is not None:
            await asyncio.to_thread(self._read_elsewhere, self.cluster)
        elif share.to_read:
            async with self.reader.opened():
                await self._read_all()
        if shards.wanted(self.settings.shapes):
            await self._make_files()
        return await asyncio.to_thread(self._summary)

    # --- what there is to do -------------------------------------------------------------------------------------

    def share(self) -> Share:
        """Blocks. Nothing is changed."""
        self._all = sorted(self.corpus.items(), key=lambda item: item.name)
        self.markers.look()
        mine = [item for item in self._all if self._is_mine(item)]
        to_read = [item for item in mine if self._is_to_be_read(item)]
        done = len(mine) - len(to_read)
        return Share(len(self._all), len(mine), done, tuple(self._ordered(to_read)[: self.settings.limit]))

    def _settled_plan(self) -> shards.Plan:
        """What the first run settled; of several that start together, the first."""
        path = f"{HOME}/plan.json"
        said = markers.read(self.store, path)
        if said is None:
            foreign = any(not entry.path.startswith(f"{HOME}/") for entry in self.store.entries())
            said = markers.read(self.store, path)  # of one that started together with this one?
            if said is not None:
                return shards.Plan.of(said)
            if foreign and not self.overwrite:
                raise OutputTaken("there are files in the target that no batch wrote: name another, or --overwrite")
            plan = shards.Plan.for_documents(len(self._all), self.settings.documents_per_file)
            if self.store.create(path, json.dumps(plan.said).encode()):
                return plan
            said = markers.read(self.store, path)
        return shards.Plan.of(said or {})

    def _is_mine(self, item: Item) -> bool:
        if self.settings.shard is None:
            return True
        number, _, several = self.settings.shard.partition("/")
        return int(item.key, 16) % int(several) == int(number) - 1

    def _is_to_be_read(self, item: Item) -> bool:
        if not self.markers.is_done(item):
            if item.key in self.markers.done:
                self._before[item.key] = Before(self.markers.trouble.get(item.key))
            return True
        trouble = self.markers.trouble.get(item.key)
        if trouble is None or trouble.status not in self.settings.retry:
            return False
        self._before[item.key] = Before(trouble)
        return True

    def _ordered(self, items: Iterable[Item]) -> list[Item]:
        """The largest first, so that at the end no long document is read alone; of those about as large each machine
        begins with others."""
        return sorted(items, key=lambda item: (-item.size.bit_length(), hash((self.leases.worker, item.key))))

    # --- reading -------------------------------------------------------------------------------------------------

    def _read_elsewhere(self, cluster: Cluster) -> None:
        """By machines that somebody else schedules: nothing has to be claimed. Blocks."""
        done = self.markers.done
        tasks = [RayTask(item, self._before.get(item.key), frozenset(done.get(item.key, ()))) for item in self._free]
        for item, said in cluster.read(tasks):
            if self.stop.signal is not None:
                raise Stopped
            if said is None:
                self.listener.by_others(item)
                continue
            for _ in range(said["pages"]):
                self.listener.page(item)
            ended = Ended.of(item, said)
            self._count(ended)
            self.listener.ended(ended)

    async def _read_all(self) -> None:
        await asyncio.to_thread(self.leases.look)
        beating = asyncio.create_task(self._beat())
        try:
            await self._rounds()
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)

    async def _rounds(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self.settings.documents_at_once):
                        group.create_task(self._worker())
            except ExceptionGroup as several:  # the first says why the others were cancelled
                raise several.exceptions[0] from None
            if not self._of_others:
                return
            await self._wait_for_others()

    async def _worker(self) -> None:
        while self._free:
            item = self._free.popleft()
            if self.stop.signal is not None:
                raise Stopped
            if self.leases.may_be_free(item.key):
                await self._claimed(item)
            else:
                self._of_others.append(item)

    async def _wait_for_others(self) -> None:
        """Until a document is done elsewhere, or its machine shows no sign of life."""
        async with self.stop.scope():
            await asyncio.sleep(min(2.0, self.leases.seconds / BEATS))
        await asyncio.to_thread(self.leases.look)
        waiting, self._of_others = self._of_others, []
        for item in waiting:  # as many as machines read at a time: they are asked for one by one, not listed
            if await asyncio.to_thread(self._desk.is_done, item, self._before.get(item.key)):
                self.listener.by_others(item)
            elif self.leases.may_be_free(item.key):
                self._free.append(item)
            else:
                self._of_others.append(item)

    async def _claimed(self, item: Item) -> None:
        lease = await self._lease(item)
        if lease is None:
            self._of_others.append(item)
            return
        desk = self._desk.document(
            item,
            self._before.get(item.key),
            begun=partial(self.listener.begun, item),
            page=partial(self.listener.page, item),
        )
        reading = asyncio.create_task(desk)
        self._held[item.key] = (lease, reading)
        try:
            ended = await reading
        except asyncio.CancelledError:
            if not reading.cancelled() or (task := asyncio.current_task()) is None or task.cancelling():
                raise
            self.listener.note(f"{item.name}: taken over by another machine")  # ours was still for too long
            self._of_others.append(item)
            return
        finally:
            del self._held[item.key]
            if not reading.done():
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            with suppress(OctavoError):
                await to_its_end(partial(self.leases.release, lease))
        if ended is None:
            self.listener.by_others(item)
        else:
            self._count(ended)
            self.listener.ended(ended)

    async def _lease(self, item: Item) -> Lease | None:
        """The claim to a document, where it is ours. When cancelled, what a thread still claims is given back."""
        claiming = asyncio.create_task(asyncio.to_thread(self.leases.claimed, item.key))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(OctavoError):
                if lease := await claiming:
                    await to_its_end(partial(self.leases.release, lease))
            raise

    def _count(self, ended: Ended) -> None:
        """Raises the document's error where it is the last of many: there is no use in going on."""
        blameless = ended.error is not None and ended.error.fault is not Fault.CALLER
        self._in_a_row = self._in_a_row + 1 if blameless else 0
        if ended.error is not None and self._in_a_row >= _FAILED_IN_A_ROW:
            raise ended.error

    async def _beat(self) -> None:
        """Say that this machine lives; let go of what another one has taken over."""
        while True:
            await asyncio.sleep(self.leases.seconds / BEATS)
            for lease, reading in list(self._held.values()):
                with suppress(OctavoError):  # the target does not answer: the next time, perhaps
                    if not await asyncio.to_thread(self.leases.beat, lease):
                        reading.cancel()

    # --- the end -------------------------------------------------------------------------------------------------

    async def _make_files(self) -> None:
        """Files of rows whose documents are all done; those that another machine makes are waited for."""
        waiting = list(range(self._plan.files))
        await asyncio.to_thread(self.markers.look)
        while True:
            make = partial(shards.make, self._plan, self._all, self.markers, self.leases, self.settings.shapes)
            waiting = [number for number in waiting if not await asyncio.to_thread(make, number)]
            if not waiting:
                return
            async with self.stop.scope():
                await asyncio.sleep(min(2.0, self.leases.seconds / BEATS))
            await asyncio.to_thread(self.leases.look)

    def _summary(self) -> dict[str, Any] | None:
        """Of the whole corpus, into the target; None where not all of it is done."""
        self.markers.look()
        if not all(self.markers.is_done(item) for item in self._all):
            return None
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            paths = [self.markers.done_path(item) for item in self._all]
            said = list(threads.map(lambda path: markers.read(self.store, path), paths))
        summary = summed(one for one in said if one is not None)
        summary["archives"] = [{"archive": name, "code": error.code} for name, error in self.corpus.broken]
        text = json.dumps(summary, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        self.store.put("summary.json", text)
        return summary


def summed(said: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of all documents: how many ended how, and every one that did not come out whole, with its reason."""
    counts = {"documents": 0, "success": 0, "partial": 0, "failed": 0, "pages": 0}
    codes: dict[str, int] = {}
    trouble = []
    for one in said:
        counts["documents"] += 1
        counts[one["status"]] += 1
        counts["pages"] += one["pages"]
        found = [problem["code"] for problem in one["problems"] if problem["severity"] == "lost"]
        found += [one["error"]["code"]] if one["error"] else []
        for code in found:
            codes[code] = codes.get(code, 0) + 1
        if one["status"] != "success":
            message = one["error"]["message"] if one["error"] else f"{len(found)} lost"
            trouble.append(
                {"document": one["document"], "status": one["status"], "codes": sorted({*found}), "message": message}
            )
    return {**counts, "lost": dict(sorted(codes.items())), "trouble": trouble}
