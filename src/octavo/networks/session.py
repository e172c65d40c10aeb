"""A network on ONNX Runtime: the one home of that library, imported when the first network is opened.

By default a run stays on the thread that calls it, and `Network.map` spreads many runs over all threads: on 2 cores
that is 20 to 45 % faster than giving every run both (bench of the text networks, 2026-11), and no thread spins between
two runs. A network that sees one picture at a time takes `threads_per_run`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from octavo import turns, weights
from octavo.errors import EngineFailed, EngineUnavailable
from octavo.machine import cores
from octavo.settings import EngineSettings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Tensor = NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD: Final = 4  # items that a caller of `map` has in the queue for each thread: who comes with ten is not behind ten
# thousand of another, and no thread waits for the next


_PACKAGES: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")  # as their makers publish it


class Allowance:
    """CPU time that may be spent on something, by all threads that work on it together."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._lock = threading.Lock()
        self.was_short = False  # somebody was told that nothing is left

    @contextmanager
    def spending(self) -> Iterator[bool]:
        """What the calling thread takes for the block is spent; says whether there is anything left for it."""
        before = time.thread_time()
        is_left = self._left > 0
        self.was_short |= not is_left
        try:
            yield is_left
        finally:
            with self._lock:
                self._left -= time.thread_time() - before

    def end(self) -> None:
        """Nothing more is to be spent: nobody waits for it."""
        with self._lock:
            self._left = 0.0


@cache
def _version() -> str:
    """Of ONNX Runtime, by what is installed: to import it takes 50 ms, and a page whose words are known needs none."""
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    return str(_library().__version__)


def _library() -> ModuleType:
    """ONNX Runtime. Raises EngineUnavailable."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineUnavailable(_MISSING) from error
    library: ModuleType = onnxruntime
    return library


_MISSING: Final = "the embedded engine needs the package onnxruntime: reinstall octavo with pip"


class Network:
    """One ONNX file. Safe to call from several threads.

    On the CPU it is loaded when first asked: the five that ship take 0.4 s, and a page whose words are known may need
    none. With a provider of the settings at once, for whether that works only loading tells.
    """

    def __init__(
        self, name: str, settings: EngineSettings, *, threads_per_run: int = 1, file: Path | None = None
    ) -> None:
        """Raises EngineUnavailable where ONNX Runtime, the weights or a provider is missing.

        `name` is a file of the package's own weights, which are loaded at first use, or what to call `file`.
        """
        brought = file is not None  # by the user: that it is right is told at once
        file = file or weights.path(name)
        if find_spec("onnxruntime") is None:
            raise EngineUnavailable(_MISSING)
        if settings.onnx_providers:
            available: list[str] = _library().get_available_providers()
            missing = sorted(set(settings.onnx_providers) - set(available))
            if missing:
                raise EngineUnavailable(f"ONNX Runtime has no {missing[0]!r} here; there are: {', '.join(available)}")
        self._name, self._file = name, file
        self._providers = [*settings.onnx_providers, "CPUExecutionProvider"]
        self._threads_per_run = threads_per_run
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(settings.threads or cores(), thread_name_prefix=Path(name).stem)
        self.threads = settings.threads or cores()
        at_once = brought or bool(settings.onnx_providers)
        provider = self._session.get_providers()[0] if at_once else self._providers[0]
        self.described = f"{name} on ONNX Runtime {_version()} {provider}"

    @property
    def _session(self) -> "InferenceSession":
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> "InferenceSession":
        onnxruntime = _library()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads_per_run
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors: the shape warnings of exported graphs say nothing to anybody
        # Pictures differ in size, and each new size would get memory of its own: a quarter less memory, as fast.
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session: InferenceSession = onnxruntime.InferenceSession(
                str(self._file), options, providers=self._providers
            )
        except Exception as error:  # its exceptions share no base class
            raise EngineUnavailable(f"the weights {self._name!r} cannot be loaded; fetch them again") from error
        return session

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its makers wrote into the file. Raises EngineUnavailable."""
        found: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def run(self, batch: Tensor) -> list[Tensor]:
        """All outputs for one input. Raises EngineFailed, and EngineUnavailable where the file cannot be loaded."""
        session = self._session
        try:
            with turns.left():
                outputs: list[Tensor] = session.run(None, {session.get_inputs()[0].name: batch})
        except Exception as error:  # its exceptions share no base class
            raise EngineFailed(f"the network {self.described} failed on an input of shape {batch.shape}") from error
        return outputs

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """`work` (which calls `run`) on every item, on all threads; results in order."""
        results: list[Result] = []
        waiting: deque[Future[Result]] = deque()
        try:
            with turns.left():
                for item in items:
                    if len(waiting) >= _AHEAD * self.threads:
                        results.append(waiting.popleft().result())
                    waiting.append(self._pool.submit(work, item))
                results.extend(future.result() for future in waiting)
        finally:
            for future in waiting:
                future.cancel()
        return results

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def as_batch(pictures: Sequence[NDArray[np.float32]]) -> Tensor:
    """Height x width x channels pictures of one size to the layout the networks want."""
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2))
