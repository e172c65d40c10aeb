"""What every request passes first: the host it is for, the page it comes from, and its key.

A browser sends along where a request comes from. One from another site is refused, and no answer allows another site to
read it (no CORS). Without keys the names of this machine alone are answered to, or a site could have its own name lead
here (DNS rebinding).
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo import telemetry
from octavo.errors import NotAllowed, OctavoError
from octavo.frontends._keys import NOBODY, Key, KeyRing, secret_in
from octavo.frontends.serve._answers import refusal

_OPEN = frozenset(
    {"/", "/ping", "/health", "/healthz", "/readyz", "/version", "/docs", "/openapi.json"}
)  # nothing of a job is there
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Gate:
    """Around the application. A request's key is in its state, as `key`."""

    def __init__(self, app: ASGIApp, keys: KeyRing | None, hosts: tuple[str, ...]) -> None:
        """No `hosts`: any."""
        self._app, self._keys, self._hosts = app, keys, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["key"] = self._let_in(scope["path"], Headers(scope=scope))
        except OctavoError as error:
            await refusal(error)(scope, receive, send)
            return
        if _is_open(scope["path"]):  # those who look whether it is well look often
            await self._app(scope, receive, send)
            return
        caller = Headers(scope=scope).get(telemetry.HEADER)
        with telemetry.span(scope["method"], caller, **{"http.request.method": scope["method"]}) as span:
            await self._app(scope, receive, send)
            if span is not None and (route := getattr(scope.get("route"), "path", None)):
                span.update_name(f"{scope['method']} {route}")

    def _let_in(self, path: str, headers: Mapping[str, str]) -> Key:
        """Who asks. Raises NotAllowed, KeyNeeded."""
        host = headers.get("host", "")
        if self._hosts and _name(host) not in self._hosts:
            raise NotAllowed("this server does not answer to that host (hosts)")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise NotAllowed("requests from pages of other sites are refused")
        if self._keys is None or _is_open(path):
            return NOBODY
        return self._keys.whose(secret_in(headers))


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith("/docs/")


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def demand(key: Key, scope: str) -> None:
    """Raises NotAllowed."""
    if scope not in key.scopes:
        raise NotAllowed(f"the key {key.name!r} has not the scope {scope!r}")
