"""A model's server that somebody else runs: its address as people type it, whether it answers, what it has to do."""

import asyncio
import base64
import json
import logging
import math
import time
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from octavo import addresses
from octavo.errors import EngineUnavailable, OctavoError, OptionInvalid
from octavo.glm_ocr import connections
from octavo.glm_ocr.connections import ConnectFailed, ConnectionLost
from octavo.glm_ocr.in_flight import ServerLoad, load_in
from octavo.settings import EngineSettings

log = logging.getLogger(__name__)

UNCOMPRESSED = {"Accept-Encoding": "identity"}  # a few bytes of a stranger's could stand for gigabytes

_NO_ANSWER = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)  # of JSON of another shape


class RemoteServer:
    """A server given by its address."""

    def __init__(self, settings: EngineSettings, url: str) -> None:
        self.base_url = base_url(url)
        self._model = settings.served_model_name
        self.authorization = authorization(settings, url)
        self._first_seconds = settings.connect_seconds
        self._restart_seconds = settings.vllm_boot_seconds
        self._session: aiohttp.ClientSession | None = None
        self._fine = False
        self._was_up = False
        self._gave_up_at = -math.inf  # time.monotonic()
        self._looking = asyncio.Lock()

    @property
    def described(self) -> str:
        return f"{self._model} at {urlsplit(self.base_url).netloc}"

    def doubt(self) -> None:
        self._fine = False

    async def ready(self) -> None:
        if self._fine:
            return
        async with self._looking:
            if self._fine:
                return
            patience = self._restart_seconds if self._was_up else self._first_seconds
            began = time.monotonic()
            if began > self._gave_up_at + patience:  # whoever comes right after somebody gave up need not wait as well
                while not await self._answers():
                    if time.monotonic() > began + patience:
                        self._gave_up_at = time.monotonic()
                        break
                    await asyncio.sleep(min(2.0, 0.2 + (time.monotonic() - began) / 10))
                else:
                    self._fine = self._was_up = True
                    return
            host = urlsplit(self.base_url).netloc
            raise EngineUnavailable(
                f"the model's server at {host} does not answer (waited {patience:.0f} s): is it up?"
            )

    async def _answers(self) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={**UNCOMPRESSED, **self.authorization},
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=10),
                trust_env=not _is_loopback(self.base_url),
            )
        try:
            async with self._session.get(f"{self.base_url}/models", allow_redirects=False) as response:
                status, body = response.status, await body_of(response)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
        if status in (401, 403):
            raise EngineUnavailable("the model's server rejects the API key: set api_key")
        if status == 200 and not self._was_up:
            self._check_model(body)
        return status < 500  # a server without this route is up all the same

    sequences = None
    start_seconds: Mapping[str, float] = MappingProxyType({})

    async def load(self) -> ServerLoad | None:
        return await load_of(self.base_url, self._session)

    def _check_model(self, body: bytes) -> None:
        """Servers differ in how strict they are about the name: a warning, the first request decides."""
        try:
            names = [str(model["id"]) for model in json.loads(body)["data"]]
        except _NO_ANSWER:
            return
        if names and not any(name == self._model or name.startswith(f"{self._model}:") for name in names):
            log.warning("model_not_listed name=%s listed=%s", self._model, ",".join(names[:5]))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def body_of(response: aiohttp.ClientResponse) -> bytes:
    """All that it says. Raises ConnectionLost where that is more than an answer has."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > connections.LARGEST_REPLY:
            raise ConnectionLost("a reply of absurd length")
    return bytes(body)


async def load_of(base_url: str, session: aiohttp.ClientSession | None) -> ServerLoad | None:
    """The load of a vLLM; None where it does not tell, or is none. Raises ConnectFailed."""
    if session is None:
        raise ConnectFailed("the server was not asked for yet")
    try:
        async with session.get(f"{base_url.removesuffix('/v1')}/metrics", allow_redirects=False) as response:
            said = (await body_of(response)).decode("utf-8", "replace")
            return load_in(said) if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ConnectFailed("the server does not tell its load") from error


def base_url(url: str) -> str:
    """The address of the API from what people type: the host, .../v1, or the whole route; a user and password in it are
    left out. Raises OptionInvalid."""
    parts = _parts(url)
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path or '/v1'}"


def authorization(settings: EngineSettings, url: str = "") -> dict[str, str]:
    """The key, or the user and password that the server's address names. Raises OptionInvalid for both at once."""
    parts = _parts(url) if url else None
    if parts is None or parts.username is None:
        return {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"} if settings.api_key else {}
    if settings.api_key:
        raise OptionInvalid("url: it names a user, and there is an api_key too: give one of them")
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"}


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise OptionInvalid("url: not the address of a server; it looks like http://host:8080/v1")
    try:
        addresses.check(host, allow_private=True)  # the operator's own: private as a rule, but spelled as one
    except OctavoError as error:
        raise OptionInvalid(f"url: {error.message}") from error
    return parts


def is_direct(url: str) -> bool:
    """Whether plain connections reach it: no TLS, no proxy in the environment."""
    parts = urlsplit(url)
    proxied = "http" in getproxies() and not proxy_bypass(parts.hostname or "")
    return parts.scheme == "http" and (_is_loopback(url) or not proxied)


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
