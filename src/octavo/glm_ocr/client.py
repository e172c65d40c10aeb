"""Asks an OpenAI-compatible server what a picture says: one session, one pool, retries, waiting out restarts.

Knows HTTP and the chat-completions shape, not what the questions are for. vLLM, SGLang, llama.cpp, Ollama (/v1) and
hosted services answer it. A request is sent again where that may help: after a lost connection, a timeout, 429 and 5xx;
never after a refusal. Cancelling a call closes its connection, upon which vLLM stops generating.
"""

import asyncio
import json
import logging
import math
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Protocol

import aiohttp

from octavo import telemetry
from octavo.document import Spans, Usage, united
from octavo.errors import EngineLost, EngineRefused, EngineTimeout, OctavoError
from octavo.fair_gate import FairGate
from octavo.frozen import frozen
from octavo.glm_ocr.connections import ConnectFailed, ConnectionLost, Connections, HttpReply
from octavo.glm_ocr.in_flight import ServerLoad
from octavo.glm_ocr.model import Sampling
from octavo.glm_ocr.remote import UNCOMPRESSED, body_of, is_direct
from octavo.settings import EngineSettings

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 8.0  # seconds between two tries; the official SDK's
_LONGEST_RETRY_AFTER = 60.0
_CONNECT_SECONDS = 10.0
_IDLE_CONNECTION = 4.0  # seconds; vLLM closes idle connections after 5, and a request sent into that moment is lost


class PictureRefused(EngineRefused):
    """The server rejects this request for what is in it: another picture may pass."""


@frozen
class Question:
    """A picture, encoded once, and what is asked about it."""

    jpeg: bytes  # base64
    prompt: str
    sampling: Sampling
    max_tokens: int


@frozen
class Answer:
    """What the server said."""

    text: str
    finish_reason: str  # stop, length, repetition ...
    usage: Usage
    confidence: float | None = None  # 0..1, geometric mean over the tokens


class Upstream(Protocol):
    """A server that may be starting, up, or gone for a while."""

    @property
    def base_url(self) -> str:
        """With /v1, without a slash at the end and without credentials."""
        ...

    @property
    def authorization(self) -> Mapping[str, str]:
        """The header that lets requests in, if one is needed."""
        ...

    @property
    def described(self) -> str: ...

    async def ready(self) -> None:
        """Wait until it answers. Raises EngineUnavailable where it never will."""
        ...

    def doubt(self) -> None:
        """A request failed in a way that may mean that it is gone: look before the next one."""
        ...

    async def load(self) -> ServerLoad | None:
        """How much it has to do; None where it does not tell. Raises ConnectFailed where it is not there."""
        ...

    @property
    def start_seconds(self) -> Mapping[str, float]:
        """Seconds that its start took, by part; empty where somebody else started it, or it is not up yet."""
        ...

    @property
    def sequences(self) -> int | None:
        """How many requests it works on at a time at most, where that is known."""
        ...

    async def close(self) -> None: ...


# --- asking ------------------------------------------------------------------------------------------------------


class _SendAgain(Exception):
    """A failure that may pass."""

    def __init__(self, error: OctavoError, *, lost: bool = False, busy_for: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.lost = lost  # the connection broke while the server worked on it
        self.busy_for = busy_for  # seconds the server asked for


_NO_WAIT = 0.001  # seconds; a server that is up is not waited for


@dataclass(slots=True)
class _Times:
    """What became of the time of one question, tries that failed included: when what began and ended."""

    at_model: list[Spans] = field(default_factory=list)
    waiting: list[Spans] = field(default_factory=list)

    def waited(self, began: float) -> None:
        ended = time.monotonic()
        if ended - began >= _NO_WAIT:
            self.waiting.append(((began, ended),))

    def asked(self, began: float) -> None:
        self.at_model.append(((began, time.monotonic()),))

    def with_tokens(self, counted: Usage) -> Usage:
        """All that the question took: the tokens of its answer, and the time of all tries."""
        return Usage(
            counted.prompt_tokens,
            counted.completion_tokens,
            counted.requests,
            sum(ended - began for spans in self.at_model for began, ended in spans),
            united(*self.at_model),
            united(*self.waiting),
        )


class ChatClient:
    """Questions to one server, from many tasks of one event loop; so many of them in flight at a time."""

    def __init__(self, settings: EngineSettings, upstream: Upstream, limit: int) -> None:
        self._settings = settings
        self._upstream = upstream
        headers = {"Content-Type": "application/json"} | dict(upstream.authorization)
        direct = is_direct(upstream.base_url)
        self._connections = _Direct(settings, headers) if direct else _Session(settings, headers)
        self._alone = asyncio.Lock()
        self._limit = limit
        self._sending = FairGate(limit)
        self._resume_at = 0.0  # time.monotonic(); the server asked for a pause until then
        self._extras = EXTRAS  # as far as the server knows them

    async def close(self) -> None:
        await self._connections.close()

    @property
    def in_flight(self) -> int:
        return self._sending.held

    def resize(self, limit: int) -> None:
        """Let so many be in flight from now on, or once the one that goes alone is through."""
        self._limit = limit
        if not self._alone.locked():
            self._sending.resize(limit)

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises EngineLost, EngineTimeout, EngineRefused, EngineUnavailable once retrying is no use."""
        tries = losses = 0
        patience = self._settings.request_seconds  # for a server that says it is busy
        times = _Times()
        while True:
            began = time.monotonic()
            await self._upstream.ready()
            times.waited(began)
            await self._pause()
            alone = losses > 1  # in flight at two crashes, it may be their cause: it goes alone, to take none along
            try:
                async with self._all_places() if alone else self._sending.slot(""):
                    began = time.monotonic()
                    try:
                        answer = await self._send(question)
                    finally:
                        times.asked(began)
                return replace(answer, usage=times.with_tokens(answer.usage))
            except _SendAgain as again:
                if alone and again.lost:
                    raise again.error from again
                losses += again.lost
                if again.busy_for is not None and patience > 0:
                    patience -= again.busy_for
                    self._resume_at = max(self._resume_at, time.monotonic() + again.busy_for)
                    continue
                tries += 1
                if tries > self._settings.retries:
                    raise again.error from again
                log.info("request_again try=%d code=%s", tries, again.error.code)
            await asyncio.sleep(self._backoff(tries))

    @asynccontextmanager
    async def _all_places(self) -> AsyncIterator[None]:
        taken = 0
        async with self._alone:  # two at once would wait for each other
            try:
                while taken < self._sending.limit:
                    await self._sending.take("")
                    taken += 1
                yield
            finally:
                for _ in range(taken):
                    self._sending.release("")
                self._sending.resize(self._limit)

    def _backoff(self, tries: int) -> float:
        pause = min(_LONGEST_PAUSE, self._settings.retry_seconds * 2.0 ** (tries - 1))
        return pause * random.uniform(0.8, 1.2)  # noqa: S311  (jitter, not a secret)

    async def _pause(self) -> None:
        while (pause := self._resume_at - time.monotonic()) > 0:  # noqa: ASYNC110  (a time that others move, not an event)
            await asyncio.sleep(pause + random.uniform(0, 0.1))  # noqa: S311  (jitter, not a secret)

    async def _send(self, question: Question) -> Answer:
        extras = self._extras
        url = f"{self._upstream.base_url}/chat/completions"
        try:
            body = request_body(self._settings, question, extras)
            reply = await self._connections.post(url, body, telemetry.traceparent())
        except ConnectFailed as error:
            self._upstream.doubt()
            raise _SendAgain(EngineLost("the model's server does not accept connections")) from error
        except TimeoutError as error:
            self._upstream.doubt()
            seconds = self._settings.request_seconds
            raise _SendAgain(EngineTimeout(f"the model's server did not answer within {seconds:g} s")) from error
        except ConnectionLost as error:
            self._upstream.doubt()
            raise _SendAgain(EngineLost("the connection to the model's server was lost"), lost=True) from error
        if reply.status < 300:
            return _answer(reply.body)
        return await self._refused(reply, question, extras)

    async def _refused(self, reply: HttpReply, question: Question, extras: frozenset[str]) -> Answer:
        status, said = reply.status, reply.body.decode("utf-8", "replace")
        if status in (408, 425, 429, 503) and (status == 429 or "retry-after" in reply.headers):
            busy = _retry_after(reply.headers.get("retry-after"), otherwise=self._settings.retry_seconds)
            raise _SendAgain(EngineLost(f"the model's server is busy (HTTP {status})"), busy_for=busy)
        if status >= 500 or status in (408, 425):
            self._upstream.doubt()
            raise _SendAgain(EngineLost(f"the model's server failed (HTTP {status})"))
        if status in (400, 422) and (unknown := {field for field in extras if field in said}):
            if unknown & self._extras:
                log.warning(
                    "fields_refused fields=%s: the server does not know them; going on without", sorted(unknown)
                )
                self._extras -= unknown
            return await self._send(question)
        hint = next((meaning for words, meaning in _MEANINGS if words in said), "")
        reason = f"the model's server refused the request (HTTP {status}{hint})"
        raise PictureRefused(reason) if status in (400, 413, 422) else EngineRefused(reason)


class _Direct:
    """To a server in the clear and without a proxy: a vLLM beside us, as a rule."""

    def __init__(self, settings: EngineSettings, headers: Mapping[str, str]) -> None:
        self._seconds = settings.request_seconds
        self._connections = Connections(headers, idle_seconds=_IDLE_CONNECTION, connect_seconds=_CONNECT_SECONDS)

    async def post(self, url: str, body: bytes, trace: str | None) -> HttpReply:
        return await self._connections.post(url, body, seconds=self._seconds, trace=trace)

    async def close(self) -> None:
        self._connections.close()


class _Session:
    """To a server behind TLS or a proxy."""

    def __init__(self, settings: EngineSettings, headers: Mapping[str, str]) -> None:
        self._session = aiohttp.ClientSession(
            headers={**UNCOMPRESSED, **headers},
            auto_decompress=False,
            connector=aiohttp.TCPConnector(
                limit=settings.connection_pool_size or 0, keepalive_timeout=_IDLE_CONNECTION, ttl_dns_cache=60
            ),
            timeout=aiohttp.ClientTimeout(total=settings.request_seconds, sock_connect=_CONNECT_SECONDS),
            trust_env=True,
        )

    async def post(self, url: str, body: bytes, trace: str | None) -> HttpReply:
        """Raises as `Connections.post` does."""
        told = None if trace is None else {telemetry.HEADER: trace}
        try:
            async with self._session.post(
                url, data=body, headers=told, allow_redirects=False
            ) as response:  # the key is for this server
                headers = {name.lower(): value for name, value in response.headers.items()}
                return HttpReply(response.status, headers, await body_of(response))
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError) as error:
            raise ConnectFailed("the server does not accept connections") from error
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost("the connection was closed") from error

    async def close(self) -> None:
        await self._session.close()


# Fields that not every server knows; they are left out for one that refuses them.
EXTRAS = frozenset(("top_k", "repetition_penalty", "logprobs"))


def request_body(settings: EngineSettings, question: Question, extras: frozenset[str] = EXTRAS) -> bytes:
    """The request. Put together from bytes: the picture never goes through a JSON encoder."""
    before, after = _around(
        settings.served_model_name,
        question.prompt,
        question.sampling,
        question.max_tokens,
        settings.confidences,
        extras,
    )
    return b"".join((before, question.jpeg, after))


@lru_cache(maxsize=1024)
def _around(
    model: str, prompt: str, sampling: Sampling, max_tokens: int, logprobs: bool, extras: frozenset[str]
) -> tuple[bytes, bytes]:
    """What stands before and after the picture."""
    fields: dict[str, object] = {
        "max_tokens": max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
    }
    optional = {
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        "logprobs": True if logprobs else None,
    }
    fields |= {name: value for name, value in optional.items() if name in extras and value is not None}
    place = '"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,'
    return (
        f'{{"model":{json.dumps(model)},{place}'.encode(),
        f'"}}}},{{"type":"text","text":{json.dumps(prompt)}}}]}}],{json.dumps(fields)[1:]}'.encode(),
    )


# What taking apart a stranger's JSON may raise: it is nested too deep, says Infinity, or has other types than due.
_NO_ANSWER = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
_MOST_TOKENS = 1 << 31


def _answer(raw: bytes) -> Answer:
    try:
        reply = json.loads(raw)
        choice = reply["choices"][0]
        text = choice["message"].get("content") or ""
        if not isinstance(text, str):  # content parts
            text = "".join(part.get("text", "") for part in text)
        used = reply.get("usage") or {}
        usage = Usage(_tokens(used.get("prompt_tokens")), _tokens(used.get("completion_tokens")), 1)
        finish_reason = str(choice.get("finish_reason") or "stop")
        return Answer(_sayable(text), finish_reason, usage, _confidence(choice.get("logprobs")))
    except _NO_ANSWER as error:
        raise _SendAgain(EngineLost("the model's server answered with something that is no chat completion")) from error


def _tokens(said: Any) -> int:
    """A number of tokens that can be added up. Raises ValueError, TypeError, OverflowError."""
    count = int(said or 0)
    if not 0 <= count <= _MOST_TOKENS:
        raise ValueError("no number of tokens")
    return count


def _sayable(text: str) -> str:
    """The text without halves of characters, which JSON can spell (`\\ud800`) and no file or reply can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _confidence(logprobs: object) -> float | None:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not tokens:
        return None
    return math.exp(sum(min(0.0, max(-20.0, float(token["logprob"]))) for token in tokens) / len(tokens))


# What a server says of a refusal is a stranger's text, which may hold the request, a path or a key: it is looked at for
# what it means, and never passed on.
_MEANINGS = (
    ("context length", ": the region is longer than the model's context, see max_model_len"),
    ("max_model_len", ": the region is longer than the model's context, see max_model_len"),
    ("does not exist", ": it does not know the model asked for, see served_model_name"),
    ("image", ": it does not take the picture"),
)


def _retry_after(header: str | None, *, otherwise: float) -> float:
    """Seconds to wait: the header gives seconds or a date."""
    if header is None:
        return otherwise
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):  # a date, or a zone, that there is not
            return otherwise
    return min(_LONGEST_RETRY_AFTER, max(otherwise, seconds)) if math.isfinite(seconds) else otherwise
