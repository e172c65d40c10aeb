"""What follows from the words of a heading: references, an abstract, a table of contents."""

from collections.abc import Mapping, Sequence
from typing import Final

from octavo.document import Label
from octavo.layout.paragraphs import Paragraph
from octavo.layout.surroundings import Surroundings, Verdict
from octavo.wording.headings import heads_abstract, heads_contents, heads_references

_LONGEST: Final = 40  # characters of such a heading
_TITLES = frozenset({Label.PARAGRAPH_TITLE, Label.DOC_TITLE})


def sections(page: Surroundings, labels: Sequence[Label]) -> Mapping[int, Verdict]:
    """The headings that say what is below them, and that."""
    now = list(labels)
    found: dict[int, Verdict] = {}
    for index, heading in enumerate(page.paragraphs):
        label = _announced(heading)
        if label is None:
            continue
        found[index] = Verdict(Label.PARAGRAPH_TITLE, f"heading: its words announce {label.value}")
        now[index] = Label.PARAGRAPH_TITLE
        below = _after(heading, page, now)
        for other in below[:1] if label is Label.ABSTRACT else below:
            found[other] = Verdict(label, f"{label.value}: under the heading {heading.text.strip()!r}")
            now[other] = label
    return found


def _announced(heading: Paragraph) -> Label | None:
    text = heading.text
    if not text or len(text) > _LONGEST:
        return None
    if heads_references(text):
        return Label.REFERENCE_CONTENT
    if heads_abstract(text):
        return Label.ABSTRACT
    return Label.CONTENT if heads_contents(text) else None


def _after(heading: Paragraph, page: Surroundings, labels: Sequence[Label]) -> list[int]:
    """Plain text below a heading in its column, up to the next heading."""
    below = sorted(
        (
            index
            for index, other in enumerate(page.paragraphs)
            if other.top > heading.bottom - 0.3 * page.size and other.overlap_x(heading) > 0
        ),
        key=lambda index: page.paragraphs[index].top,
    )
    found: list[int] = []
    for index in below:
        if labels[index] in _TITLES:
            return found
        if labels[index] is Label.TEXT:
            found.append(index)
    return found
