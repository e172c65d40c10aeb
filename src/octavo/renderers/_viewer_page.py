"""The HTML around the viewer: its script and style, and beside them what they show, as parts that are no script.

A page says in its own head what it may do (Content-Security-Policy): run that one script and no other, both known by
their digests, show pictures that are in it, and ask no one for anything, or its own server alone. What a document says
is data in it: it stands in parts of a type that no browser runs, and `<` is written so that none can end early.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources

from octavo.errors import PageNotBuilt
from octavo.frozen import frozen
from octavo.renderers.report import Json

_FOLDER = "_viewer"  # what the build hook makes of web/


@frozen
class Viewer:
    """What was built of web/."""

    script: str
    style: str


@cache
def viewer() -> Viewer:
    """The viewer that this installation has. Raises PageNotBuilt."""
    folder = resources.files("octavo.renderers") / _FOLDER
    try:
        script, style = ((folder / name).read_text(encoding="utf-8") for name in ("page.js", "page.css"))
    except FileNotFoundError as missing:
        raise PageNotBuilt(
            "the proof page was not built into this installation, because Node.js or its package registry was not "
            "there: run `make page` in the source tree with Node.js 20.19 or newer, or install a wheel that has it"
        ) from missing
    return Viewer(script.replace("</script", "<\\/script"), style)


def policy(viewer: Viewer, *, asks_server: bool) -> str:
    """The Content-Security-Policy of a page."""
    rules = {
        "default-src": "'none'",
        "script-src": _digest(viewer.script),
        "style-src": _digest(viewer.style),
        "img-src": "data: blob:",
        "connect-src": "'self'" if asks_server else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


def page(viewer: Viewer, title: str, parts: Mapping[str, str], *, asks_server: bool = False) -> bytes:
    """The page, UTF-8. `parts` by their ids are JSON from `json_part`, or Base64."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy(viewer, asks_server=asks_server))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{viewer.style}</style></head><body>\n"
        '<div id="app"><noscript>This page needs JavaScript.</noscript></div>\n'
    )
    data = (f'<script type="text/plain" id="{name}">{text}</script>\n' for name, text in parts.items())
    return "".join((head, *data, f"<script>{viewer.script}</script></body></html>\n")).encode("utf-8", "replace")


def json_part(value: Json) -> str:
    """JSON that may stand within an element: nothing in it begins a tag or a comment."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
