"""What is a heading: by how it is set, by its words, by a model's mark; and a heading as content.

Which level it is on is asked once the document is complete, in `levels`.
"""

import re
from dataclasses import replace

from octavo.assemble.line_breaks import broken_on_purpose
from octavo.assemble.lists import item
from octavo.content import Content, Heading, Mixed, Prose, Run, Runs, text_of
from octavo.document import Label
from octavo.geometry import Box
from octavo.layout.paragraphs import Paragraph
from octavo.wording.formulas import mathematical
from octavo.wording.page_numbers import names_page
from octavo.wording.sentences import ends_clause

TITLES = frozenset({Label.DOC_TITLE, Label.PARAGRAPH_TITLE})

_MOST_ROWS = 3
_LONGEST = 150  # characters
_LARGER, _SEEN_LARGER = 1.15, 1.35  # times the running text's size
_ROWS_OF_ADDRESS = 3  # from which rows that are broken on purpose are no title
_NO_TITLE = re.compile(r"[.;,。；，]\s*$|[=≤≥∑∫∏√]|[.!?] [A-Z][a-z]+ [a-z]")  # a sentence, or a formula
_AMOUNT = re.compile(r"[$€£¥]\s?\d|\d[.,]\d{2}(?!\d)\s*(?:[$€£¥]|[A-Z]{3})?$")
_YEARS = re.compile(r"\d{4}(?:\s*[-–—/]\s*\d{2,4})?")
_HASHES = re.compile(r"^#{1,6}(?:\s+|$)")


def set_as_heading(paragraph: Paragraph, text: str, *, size: float, measured: bool, last: bool) -> str | None:
    """Why it is one, if it is: set larger than the running text (`size`, in pixels), or bold above what follows; short,
    and no sentence.

    Where type is not `measured`, sizes are heights of boxes, which swing with ascenders and descenders: there it takes
    more to be larger.
    """
    if len(paragraph.rows) > _MOST_ROWS or len(text) > _LONGEST or not any(character.isalpha() for character in text):
        return None
    if ends_clause(text) or text[0].islower():
        return None
    if paragraph.size > (_LARGER if measured else _SEEN_LARGER) * size:
        return f"heading: set {paragraph.size / size:.2f} times as large as the running text"
    above_text = paragraph.bold and not last and len(paragraph.rows) < _MOST_ROWS
    return "heading: bold above what follows" if above_text else None


def may_be_title(text: str, paragraph: Paragraph, *, measured: bool) -> bool:
    """Whether the words are those of a title.

    Where type is only seen, not `measured`, a large line may just be a formula's, so the words must convince.
    """
    text = text.strip()
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if names_page(text) or _AMOUNT.search(text) or item(text, Box.of_page(), bullets_only=True):
        return False
    if digits > letters and not _YEARS.fullmatch(text):
        return False
    if not measured and (text[:1].islower() or _NO_TITLE.search(text) or mathematical(text)):
        return False
    if len(text) > _LONGEST:
        return False
    return len(paragraph.rows) < _ROWS_OF_ADDRESS or not broken_on_purpose(paragraph)


def model_heading(text: str) -> bool:
    """Whether a model's text for a text region is one heading."""
    return "\n" not in text.strip() and bool(_HASHES.match(text.strip())) and bool(unhashed(text))


def unhashed(text: str) -> str:
    """A heading's text without the `#` a model put before it."""
    return _HASHES.sub("", text.strip())


def heading(content: Content, level: int) -> Content:
    """The same on one line as a heading of this level. Without text it is none."""
    match content:
        case Heading(_, runs):
            return Heading(level, runs)
        case Prose() | Mixed():
            runs = _on_one_line(content)
            return Heading(level, runs) if text_of(runs) else content
        case _:
            return content


def no_heading(content: Content | None) -> Content | None:
    """The same as a paragraph."""
    return Prose((content.runs,)) if isinstance(content, Heading) else content


def _on_one_line(content: Prose | Mixed) -> Runs:
    paragraphs = content.parts if isinstance(content, Mixed) else (content,)
    lines = [line for paragraph in paragraphs if isinstance(paragraph, Prose) for line in paragraph.lines]
    runs = [run for number, line in enumerate(lines) for run in (Run(" "), *line)[0 if number else 1 :]]
    return tuple(replace(run, text=re.sub(r"\s+", " ", run.text)) for run in runs)
