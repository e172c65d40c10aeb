"""`{name}.page.html`: the proof page, one file that opens without a server and asks for nothing from elsewhere.

Pages on the left as pictures with their regions, what was read of them on the right, losses first; made to be looked
at, searched, corrected. In it are the viewer (`web/`, built into `_viewer/`), the document's `view`, and the pictures.
"""

import base64
import logging
from collections.abc import Iterator

from octavo.document import Artifact, Document
from octavo.errors import OctavoError
from octavo.renderers import Pictures, _viewer_page, view
from octavo.settings import ParseOptions

log = logging.getLogger(__name__)

LOOKS_AT_PAGES = True


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    parts = {"document": _viewer_page.json_part(view.view(document, options))}
    for page in document.pages:
        if not page.size.area:
            continue
        try:
            pixels = pictures.page(page.number)
        except OctavoError as error:
            log.warning("page_left_out document=%s page=%d code=%s", document.name, page.number + 1, error.code)
            continue
        shown = view.picture(document.name, page.number, pixels)
        parts[f"picture-{page.number + 1}"] = base64.b64encode(shown.data).decode("ascii")
    html = _viewer_page.page(_viewer_page.viewer(), document.name, parts)
    yield Artifact(f"{document.name}.page.html", "text/html; charset=utf-8", html)


def count(document: Document, options: ParseOptions) -> int:
    return 1
