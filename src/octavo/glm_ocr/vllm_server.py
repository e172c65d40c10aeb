"""Starts `vllm serve`, waits for it, watches it, starts it again when it dies, stops it with all its children.

vLLM is a process and an address, never an import. Its flags come from the settings by a pure function; its last log
lines are part of the error when it does not come up. While it is gone, whoever asks `ready()` waits.
"""

import asyncio
import atexit
import contextlib
import json
import logging
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType

import aiohttp

from octavo.errors import EngineUnavailable
from octavo.frozen import frozen
from octavo.glm_ocr.boot_log import BootLog
from octavo.glm_ocr.in_flight import ServerLoad
from octavo.glm_ocr.remote import authorization, load_of
from octavo.settings import EngineSettings, known_variables
from octavo.weights import hub_cache

log = logging.getLogger(__name__)

_STOP_SECONDS = 15.0  # vLLM stops in 2 to 3; what is left then is killed
_HUNG_SECONDS = 60.0  # alive but without a healthy answer for so long
_MOST_CRASHES = 8  # within _CRASH_WINDOW; one crop that kills it causes three
_CRASH_WINDOW = 900.0
_USAGE_ERROR = 2  # exit code of a command that does not know a flag


# --- what is run: pure -------------------------------------------------------------------------------------------


def vllm_flags(settings: EngineSettings, model: "Model | None" = None, *, port: int | None = None) -> list[str]:
    """The arguments of `vllm` (without the program): `serve MODEL --flag value ...`."""
    model = model or Model(settings.model_name, settings.model_revision)
    limits = {"video": 0} | dict(
        settings.limit_mm_per_prompt
    )  # unlisted, videos count with 999 when memory is measured
    flags = [
        "serve",
        model.name,
        *("--host", settings.vllm_host),
        *("--port", str(settings.vllm_port if port is None else port)),
        *("--served-model-name", settings.served_model_name),
        *("--dtype", settings.vllm_dtype),
        *("--gpu-memory-utilization", f"{settings.gpu_memory_utilization:g}"),
        *("--max-model-len", str(settings.max_model_len)),
        *("--max-num-seqs", str(settings.max_num_seqs)),
        # The room for encoded pictures follows from this: under 8192, a crop of 4.8 megapixels gets HTTP 400.
        *("--max-num-batched-tokens", str(settings.max_num_batched_tokens)),
        *("--limit-mm-per-prompt", json.dumps(limits, sort_keys=True)),
        # No crop comes twice and the prompt is four tokens long: both caches would cost memory and hashing for nothing.
        "--no-enable-prefix-caching",
        *("--mm-processor-cache-gb", "0"),
        "--disable-uvicorn-access-log",  # a line per crop otherwise
    ]
    if model.revision is not None:
        flags += ["--revision", model.revision]
    if settings.trust_remote_code:
        flags.append("--trust-remote-code")
    if settings.speculative_config is not None:
        flags += ["--speculative-config", json.dumps(dict(settings.speculative_config), sort_keys=True)]
    return [*flags, *settings.vllm_args]


@frozen
class Model:
    """Where vLLM finds the model."""

    name: str  # hub name or folder
    revision: str | None = None  # of the hub; a folder has none
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # what vLLM needs to find it


def find_model(settings: EngineSettings, environment: Mapping[str, str]) -> Model:
    """The model in a folder, in a cache that has the revision asked for, or on the hub."""
    if Path(settings.model_name).is_dir():
        return Model(settings.model_name)
    found = hub_cache.snapshot(settings.model_name, settings.model_revision, settings, environment)
    if found is not None:
        return Model(str(found), None, MappingProxyType({"HF_HUB_OFFLINE": "1"}))
    if settings.model_cache:
        where = {"HF_HUB_CACHE": settings.model_cache}
    else:
        to_volume = Path(settings.volume_path).is_dir() and "HF_HOME" not in environment
        where = {"HF_HUB_CACHE": str(hub_cache.on_volume(settings))} if to_volume else {}
    return Model(settings.model_name, settings.model_revision, MappingProxyType(where))


# vLLM needs none of them, and whoever can read its environment should not see them. Some are variables of its own with
# another meaning: VLLM_PORT, say, is where its processes find each other.
_OURS = re.compile(r"(OCTAVO|GLMOCR|BUCKET|AWS|RUNPOD)_\w*|VLLM_API_KEY")
_SHARED = frozenset({"HF_HUB_CACHE"})  # means the same to both


def vllm_environment(settings: EngineSettings, model: Model, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the child: this one without our settings and secrets, reporting off, the model's place."""
    ours = known_variables() - _SHARED
    child = {name: value for name, value in environment.items() if name not in ours and not _OURS.fullmatch(name)}
    child.setdefault("VLLM_NO_USAGE_STATS", "1")
    child.setdefault("DO_NOT_TRACK", "1")
    if _is_loopback(settings.vllm_host):
        child.setdefault("VLLM_HOST_IP", "127.0.0.1")  # its processes talk over the machine's outer address otherwise
    if settings.api_key is not None:
        child["VLLM_API_KEY"] = settings.api_key.get_secret_value()
    return child | dict(model.environment)


# --- the process -------------------------------------------------------------------------------------------------


class VllmServer:
    """One `vllm serve`, kept alive. For one event loop.

    It counts as up once it has answered `first_questions`, bodies of chat requests: health says nothing of the first
    steps of the model, where kernels and speculative decoding fail, with one sampling and not with another.
    """

    def __init__(self, settings: EngineSettings, first_questions: Sequence[bytes] = ()) -> None:
        self._settings = settings
        self._first_questions = first_questions
        self._program = find_program(settings.vllm_command)
        self._model = find_model(settings, os.environ)
        self._port = settings.vllm_port
        self._speculative = settings.speculative_config is not None
        self._version = ""
        self._session: aiohttp.ClientSession | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._was_up = False
        self.start_seconds: Mapping[str, float] = {}  # of its first start, once that is over
        self._settled = asyncio.Event()  # it is up, or it never will be
        self._doubted = asyncio.Event()
        self._failure: str | None = None

    @property
    def base_url(self) -> str:
        host = self._settings.vllm_host
        host = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host  # noqa: S104  (compared with, not bound to)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}/v1"

    @property
    def described(self) -> str:
        settings = self._settings
        name = Path(settings.model_name).name if Path(settings.model_name).is_dir() else settings.model_name
        revision = "" if Path(settings.model_name).is_dir() else f"@{(settings.model_revision or 'main')[:7]}"
        return " ".join(filter(None, (f"{name}{revision} on vLLM", self._version, "with MTP" * self._speculative)))

    async def start(self) -> None:
        """Start it and return at once. Raises EngineUnavailable where its port is taken."""
        self._port = _free_port(self._settings.vllm_host, self._settings.vllm_port)
        self._session = aiohttp.ClientSession()
        self._supervisor = asyncio.create_task(self._supervise(self._session))

    async def ready(self) -> None:
        await self._settled.wait()
        if self._failure is not None:
            raise EngineUnavailable(self._failure)

    def doubt(self) -> None:
        if self._failure is None and not self._doubted.is_set():
            self._settled.clear()
            self._doubted.set()

    @property
    def sequences(self) -> int | None:
        """None where further arguments may make it another number, or start several engines with so many each."""
        others = ("--max-num-seqs", "--max_num_seqs", "--data-parallel-size", "--data_parallel_size", "-dp")
        given = any(argument.startswith(others) for argument in self._settings.vllm_args)
        return None if given else self._settings.max_num_seqs

    async def load(self) -> ServerLoad | None:
        return await load_of(self.base_url, self._session)

    async def close(self) -> None:
        """Stop it with all its children."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
        self._give_up("the model's server was stopped")

    def _give_up(self, message: str) -> None:
        self._failure = self._failure or message
        self._settled.set()

    async def _supervise(self, session: aiohttp.ClientSession) -> None:
        crashes: deque[float] = deque(maxlen=_MOST_CRASHES)
        try:
            while self._failure is None:
                began = time.monotonic()
                child = await _VllmChild.started(
                    self._command(), vllm_environment(self._settings, self._model, os.environ)
                )
                try:
                    reason = await self._boot(child, session)
                    if reason is None:
                        seconds = time.monotonic() - began
                        log.info("vllm_ready seconds=%.1f engine=%r", seconds, self.described)
                        if not self._was_up:
                            self.start_seconds = {"total": seconds, **child.boot.seconds}
                        self._was_up = True
                        self._doubted.clear()
                        self._settled.set()
                        reason = await self._watch(child, session)
                finally:
                    self._settled.clear()
                    await child.stop()
                crashes.append(time.monotonic())
                await self._after(reason, child, crashes)
        except EngineUnavailable as error:
            self._give_up(error.message)
        except Exception as error:  # whatever went wrong here, nobody may wait for ever
            log.exception("vllm_supervision_failed")
            self._give_up(f"vLLM could not be started: {type(error).__name__}")

    async def _after(self, reason: str, child: "_VllmChild", crashes: deque[float]) -> None:
        """What to do once it is gone: again without speculative decoding, again after a pause, or never again."""
        if not self._was_up and self._speculative and child.exit_code != _USAGE_ERROR:
            log.warning(
                "speculative_decoding_dropped: vLLM does not come up with it (%s); starting again without", reason
            )
            self._speculative = False
        elif not self._was_up:
            self._give_up(f"{reason}; its last words:\n{child.last_words()}")
        elif len(crashes) == _MOST_CRASHES and crashes[-1] - crashes[0] < _CRASH_WINDOW:
            self._give_up(f"vLLM went down {_MOST_CRASHES} times ({reason}); its last words:\n{child.last_words()}")
        else:
            recent = sum(1 for crash in crashes if crash > time.monotonic() - _CRASH_WINDOW)
            pause = min(30.0, 0.5 * 4 ** (recent - 1))
            log.warning("vllm_restart pause=%.1f reason=%r", pause, reason)
            await asyncio.sleep(pause)

    def _command(self) -> list[str]:
        settings = self._settings
        if not self._speculative:
            settings = settings.model_copy(update={"speculative_config": None})
        command = [self._program, *vllm_flags(settings, self._model, port=self._port)]
        own = len(command) - len(settings.vllm_args)  # theirs may hold secrets
        log.info("vllm_start flags=%s", " ".join(command[3:own]))
        return command

    async def _boot(self, child: "_VllmChild", session: aiohttp.ClientSession) -> str | None:
        """Wait until it answers a first question. The reason where it does not."""
        end = time.monotonic() + self._settings.vllm_boot_seconds
        while not await self._healthy(session):
            if child.exit_code is not None:
                return f"vLLM ended with exit code {child.exit_code} before it was healthy"
            if time.monotonic() > end:
                return f"vLLM was not healthy within {self._settings.vllm_boot_seconds:g} s"
            await asyncio.sleep(0.25)
        healthy = time.monotonic()
        try:
            async with session.get(f"{self._root}/version") as response:
                self._version = str((await response.json()).get("version", ""))
            for question in self._first_questions:
                async with session.post(
                    f"{self.base_url}/chat/completions",
                    data=question,
                    headers={"Content-Type": "application/json"} | self.authorization,
                    timeout=aiohttp.ClientTimeout(total=max(60.0, end - time.monotonic())),
                ) as response:
                    if response.status >= 500:
                        return f"vLLM failed on its first question (HTTP {response.status})"
            child.boot.seconds["first_questions"] = time.monotonic() - healthy
        except (aiohttp.ClientError, OSError, TimeoutError):
            return "vLLM failed on its first question"
        return None

    async def _watch(self, child: "_VllmChild", session: aiohttp.ClientSession) -> str:
        """Return when it is gone, with the reason."""
        while True:
            gone = asyncio.create_task(child.wait())
            doubted = asyncio.create_task(self._doubted.wait())
            try:
                await asyncio.wait((gone, doubted), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                doubted.cancel()
            end = time.monotonic() + _HUNG_SECONDS
            while child.exit_code is None and not await self._healthy(session):
                if time.monotonic() > end:
                    return f"vLLM did not answer for {_HUNG_SECONDS:g} s"
                await asyncio.sleep(0.25)
            if child.exit_code is not None:
                return f"vLLM ended with exit code {child.exit_code}"
            self._doubted.clear()
            self._settled.set()

    async def _healthy(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self._root}/health", timeout=aiohttp.ClientTimeout(total=5)) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    @property
    def _root(self) -> str:
        return self.base_url.removesuffix("/v1")

    @property
    def authorization(self) -> dict[str, str]:
        return authorization(self._settings)


class _VllmChild:
    """A process, its group, and the end of its log."""

    def __init__(
        self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, pipe: asyncio.ReadTransport
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._lines: deque[str] = deque(maxlen=400)
        self._began = time.monotonic()
        self.boot = BootLog()
        self._reading = asyncio.create_task(self._read(output))
        atexit.register(self._kill)  # where nobody gets to call stop()

    @classmethod
    async def started(cls, command: list[str], environment: Mapping[str, str]) -> "_VllmChild":
        # A pipe of our own: asyncio's would not see the process end before its orphans have closed theirs.
        output, theirs = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env=environment,
                start_new_session=True,  # a group of its own: stopped as a whole, and not by a Ctrl-C meant for us
            )
        except OSError as error:
            os.close(output)
            raise EngineUnavailable(f"vLLM cannot be started: {error.strerror}") from error
        finally:
            os.close(theirs)
        reader = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb")
        )
        return cls(process, reader, pipe)

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> None:
        await self._process.wait()

    async def stop(self) -> None:
        """End it gently, then what is left of its group, and read what it had to say."""
        try:
            if self._process.returncode is None:
                self._process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        finally:
            self._kill()
            atexit.unregister(self._kill)
        await self._process.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._reading, 2.0)
        self._pipe.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _read(self, output: asyncio.StreamReader) -> None:
        """Lines of any length; a StreamReader's readline refuses long ones."""
        rest = b""
        while data := await output.read(1 << 16):
            *lines, rest = (rest + data)[-(1 << 20) :].split(b"\n")
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                self._lines.append(text)
                self.boot.note(text, time.monotonic() - self._began)
                log.debug("vllm: %s", text)

    def last_words(self) -> str:
        """The end of the log and the errors before it, without paths and tokens."""
        lines = [said for line in self._lines if (said := _said(line))]
        errors = [line for line in lines[:-8] if re.search(r"\b\w*(Error|Exception)\b: |^error: |\berror:", line)]
        return "\n".join(f"  {line}" for line in dict.fromkeys([*errors[-6:], *lines[-8:]])) or "  (nothing)"


_PREAMBLE = re.compile(r"^(\([^)]*pid=\d+\)\s*)?((DEBUG|INFO|WARNING|ERROR|CRITICAL) [\d-]+ [\d:]+ \[[^\]]*\]\s?)?")
_PRIVATE = re.compile(r"(?<![\w/:])(?:/[\w.@+-]+){2,}/?|hf_\w+")


def _said(line: str) -> str:
    line = _PREAMBLE.sub("", re.sub(r"\x1b\[[\d;]*m", "", line), count=1).strip()
    line = _PRIVATE.sub(lambda found: found[0].rstrip("/").rpartition("/")[2] if found[0][0] == "/" else "...", line)
    return line[:300]


# --- small things ------------------------------------------------------------------------------------------------


def find_program(command: str) -> str:
    """Its place: on the PATH, or beside this Python. Raises EngineUnavailable."""
    beside = Path(sys.executable).parent / command
    found = shutil.which(command) or (str(beside) if beside.exists() else None)
    if found is None:
        raise EngineUnavailable(
            f"no program {Path(command).name!r} here: install vLLM, or give the address of a model server with --url"
        )
    return found


def _free_port(host: str, port: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise EngineUnavailable(
                f"vLLM cannot listen on port {port} of {host!r}: {error.strerror}; "
                "set another with vllm_port (0 takes a free one), or use the server there with --url"
            ) from error
        return int(probe.getsockname()[1])


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
