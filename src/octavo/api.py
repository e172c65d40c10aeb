"""The two calls for those who want one document and no engine to look after."""

import os
from collections.abc import Sequence
from typing import Unpack

from octavo.document import Document, Pixels
from octavo.errors import OptionInvalid
from octavo.parser import AnySource, Parser
from octavo.renderers.markdown import render
from octavo.settings import EngineSettings, ParseOptions, resolve
from octavo.settings.keywords import Keywords


def parse(source: AnySource | Sequence[AnySource], **knobs: Unpack[Keywords]) -> Document:
    """Read one document: a path, a URL, bytes, or a list of pictures that are its pages.

    Keywords are the fields of ParseOptions and EngineSettings: `octavo.parse("a.pdf", pages="1-3", dpi=200)`.
    Opens and closes the engines; use `Parser` to keep them warm. Raises OctavoError.
    """
    for_document = {name: value for name, value in knobs.items() if name in ParseOptions.model_fields}
    for_engine = {name: value for name, value in knobs.items() if name not in ParseOptions.model_fields}
    options = resolve(ParseOptions, for_document, os.environ).values
    settings = resolve(EngineSettings, for_engine, os.environ).values
    with Parser(settings) as parser:
        return parser.parse(source, options)


def to_markdown(document: Document, options: ParseOptions | None = None) -> str:
    """The document as Markdown. Figures are linked as `imgs/...`; `Reading.artifacts` makes the pictures."""
    return "".join(artifact.data.decode() for artifact in render(document, NoPictures(), options or ParseOptions()))


class NoPictures:
    """For renderers that draw nothing."""

    def page(self, number: int) -> Pixels:
        raise OptionInvalid(f"page {number + 1}: a document on its own has no pictures; use Parser.open")
