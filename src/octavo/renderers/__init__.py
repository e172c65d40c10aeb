"""Socket: a finished document to files. One file per format; its file name is what users type.

A module here defines `render(document, pictures, options) -> Iterator[Artifact]`, and `count(document, options)`: how
many files that will be, or a few more where a page turns out not to be drawable. Where it asks for `pictures`, it says
`LOOKS_AT_PAGES = True`: then those that were drawn to be read are kept for it, as far as there is room.
"""

from collections.abc import Iterator
from typing import Protocol

from octavo.document import Artifact, Document, Pixels
from octavo.settings import ParseOptions


class Pictures(Protocol):
    """Page pictures, drawn again when asked for: a renderer that needs none costs none."""

    def page(self, number: int) -> Pixels:
        """The upright picture of a page (0-based), at the size its `Page.size` says. Raises PageUnreadable."""
        ...


class Renderer(Protocol):
    """The shape of a module's `render`."""

    def __call__(self, document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]: ...
