"""What the official GLM-OCR SDK makes of the regions and raw texts of a page: profile `official`.

Equal to `glmocr` 0.1.1 and 0.1.5 (PyPI): `postprocess/result_formatter.py` and `utils/result_postprocess_utils.py`,
quirks included, proved by tests/official. The quirks damage text ("1.5 million" becomes "1. 5 million"); whoever does
not need the SDK's bytes uses the profile `faithful`, which goes nowhere near this module. `Edition` says in which the
versions differ.

Three things differ from a transcription. The search for repeated runs is O(n log n) instead of a regular expression
with quadratic time (3.7 s on 32,000 characters), with the same result. `wordfreq`, by which 0.1.1 judges a word joined
at a hyphen, is used for 0.1.1 alone: 0.1.5 takes it too if it happens to be installed, but does not depend on it. And
nothing disappears without a trace: every region handed in is in the result, folded into another one, or listed as
dropped with the reason.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from types import MappingProxyType

from octavo.document import Label
from octavo.frozen import frozen
from octavo.official.words import is_english
from octavo.settings import OfficialVersion

# config.yaml of glmocr 0.1.1 and 0.1.5, result_formatter.label_visualization_mapping. A label in no list keeps its
# own name.
SHOWN_AS: Mapping[str, str] = MappingProxyType(
    dict[str, str]()
    | dict.fromkeys((Label.CHART, Label.IMAGE), "image")
    | dict.fromkeys((Label.TABLE,), "table")
    | dict.fromkeys((Label.DISPLAY_FORMULA, Label.INLINE_FORMULA), "formula")
    | dict.fromkeys(
        (
            Label.ABSTRACT,
            Label.ALGORITHM,
            Label.CONTENT,
            Label.DOC_TITLE,
            Label.FIGURE_TITLE,
            Label.PARAGRAPH_TITLE,
            Label.REFERENCE_CONTENT,
            Label.TEXT,
            Label.VERTICAL_TEXT,
            Label.VISION_FOOTNOTE,
            Label.SEAL,
            Label.FORMULA_NUMBER,
        ),
        "text",
    )
)


def _looks_like_a_word(token: str) -> bool:
    token = token.strip().lower()
    return _WORD.fullmatch(token) is not None and "--" not in token and "''" not in token


_WORD = re.compile(r"[a-z][a-z'\-]{2,30}")


@frozen
class Edition:
    """What the SDK's versions do differently to regions and texts."""

    keeps_unread: bool  # a region without any text stays in the JSON, whatever its label
    drops_blank_pictures: bool  # ... and a picture with a blank text does not
    keeps_complete: bool  # a whole table or $$formula$$ is not cleaned
    spaces_inline_formulas: bool
    unwraps_halves: bool  # a formula's opening and closing signs come off one by one, not as a pair
    closes_fences: bool
    is_word: Callable[[str], bool]  # whether two halves may be joined at a hyphen


EDITIONS: Mapping[OfficialVersion, Edition] = MappingProxyType(
    {
        OfficialVersion.V0_1_1: Edition(
            keeps_unread=True,
            drops_blank_pictures=True,
            keeps_complete=False,
            spaces_inline_formulas=False,
            unwraps_halves=False,
            closes_fences=False,
            is_word=is_english,
        ),
        OfficialVersion.V0_1_5: Edition(
            keeps_unread=False,
            drops_blank_pictures=False,
            keeps_complete=True,
            spaces_inline_formulas=True,
            unwraps_halves=True,
            closes_fences=True,
            is_word=_looks_like_a_word,
        ),
    }
)


@frozen
class FormatRules:
    """The version, and the switches its configuration has; 0.1.1 has only `shown_as`."""

    version: OfficialVersion = OfficialVersion.V0_1_5
    shown_as: Mapping[str, str] = field(default_factory=lambda: SHOWN_AS)
    merge_formula_numbers: bool = True
    merge_text_blocks: bool = True
    format_bullet_points: bool = True


STANDARD = FormatRules()


@frozen
class RawRegion:
    """One region of a page as the SDK's formatter gets it, in reading order."""

    label: str  # one of the 25, or a name of your own
    text: str | None  # what the model said; None: not read, or failed
    left: float  # left edge, 0..1000 of the page


class Dropped(StrEnum):
    """Why a region is in the SDK's input and not in its output."""

    EMPTY = "empty"  # not read, failed, or blank
    NUMBER_WITHOUT_FORMULA = "number_without_formula"  # a formula number with no formula beside it


@frozen
class Formatted:
    """One entry of the SDK's result."""

    region: int  # which of the regions handed in it stands for: box and native label are this one's
    label: str  # text, table, formula, image, or the native label
    content: str | None
    also: tuple[int, ...] = ()  # other regions whose text is in `content`
    cut: bool = False  # text after a repeated run was thrown away


@frozen
class FormattedPage:
    """A page as the SDK returns it, and what it left out without saying so."""

    entries: tuple[Formatted, ...]
    dropped: Mapping[int, Dropped]  # region -> reason


def format_page(regions: Sequence[RawRegion], rules: FormatRules = STANDARD) -> FormattedPage:
    """`ResultFormatter.process` for one page."""
    edition = EDITIONS[rules.version]
    entries: list[Formatted] = []
    dropped: dict[int, Dropped] = {}
    for number, region in enumerate(regions):
        label = rules.shown_as.get(region.label, region.label)
        content, cut = (None, False) if region.text is None else _content(region.text, label, region.label, edition)
        if _is_dropped(content, label, edition):
            dropped[number] = Dropped.EMPTY
        else:
            entries.append(Formatted(number, label, content, cut=cut))
    if rules.merge_formula_numbers:
        entries = _with_formula_numbers(entries, regions, dropped)
    if rules.merge_text_blocks:
        entries = _with_hyphens_joined(entries, edition)
    if rules.format_bullet_points:
        entries = _with_bullets(entries, regions)
    return FormattedPage(tuple(entries), MappingProxyType(dropped))


# --- one region's text -------------------------------------------------------------------------------------------


def _is_dropped(content: str | None, label: str, edition: Edition) -> bool:
    if content is None:
        return label != "image" and not edition.keeps_unread
    return not content.strip() and (label != "image" or edition.drops_blank_pictures)


def _content(text: str, label: str, native: str, edition: Edition) -> tuple[str, bool]:
    """The text as the SDK shows it, and whether a part of it was thrown away."""
    cut = False
    complete = (label == "table" and text.startswith("<table") and text.endswith("</table>")) or (
        label == "formula" and text.startswith("$$") and text.endswith("$$")
    )
    if complete and edition.keeps_complete:
        text = text.strip()
    else:
        text, cut = _clean(text, edition)
    if native == Label.DOC_TITLE:
        text = "# " + _LEADING_HASHES.sub("", text)
    elif native == Label.PARAGRAPH_TITLE:
        if text.startswith(("- ", "* ")):
            text = text[2:].lstrip()
        text = "## " + _LEADING_HASHES.sub("", text).lstrip()
    if label == "formula":
        text = _display_formula(text, edition)
    elif label == "text":
        text = _paragraph(text, edition)
    return text, cut


_LEADING_HASHES = re.compile(r"\A#+\s*")
_DOTS, _MIDDLE_DOTS = re.compile(r"\.{3,}"), re.compile("·{3,}")
_UNDERSCORES, _ESCAPED_UNDERSCORES = re.compile("_{3,}"), re.compile(r"(?:\\_){3,}")
_LONG = 2048  # characters: shorter texts are not searched for repetition


def _clean(text: str, edition: Edition) -> tuple[str, bool]:
    r"""Literal \t at both ends, long rows of dots and underscores, repetition, spaces around inline formulas."""
    while text.startswith(r"\t"):
        text = text[2:]
    text = text.lstrip()
    # One final newline may follow the last \t: the SDK's pattern ends with "$", which matches before it.
    ending = "\n" if text.endswith("\n") else ""
    bare = text.removesuffix("\n")
    while bare.endswith(r"\t"):
        bare = bare[:-2]
    text = (bare + ending).rstrip()

    text = _DOTS.sub("...", text)
    text = _MIDDLE_DOTS.sub("···", text)
    text = _UNDERSCORES.sub("___", text)
    text = _ESCAPED_UNDERSCORES.sub(r"\\_\\_\\_", text)
    whole = text
    if len(text) >= _LONG:
        text = without_repetition(text)
    cut = text != whole
    return (_spaced_inline_formulas(text) if edition.spaces_inline_formulas else text).strip(), cut


_SIGNS = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"))


def _display_formula(text: str, edition: Edition) -> str:
    """Opening and closing signs are taken off, as a pair or each by itself, then `$$` is put on."""
    if edition.unwraps_halves:
        if text.startswith(tuple(opening for opening, _ in _SIGNS)):
            text = text[2:].strip()
        if text.endswith(tuple(closing for _, closing in _SIGNS)):
            text = text[:-2].strip()
    elif any(text.startswith(opening) and text.endswith(closing) for opening, closing in _SIGNS):
        text = text[2:-2].strip()
    return f"$$\n{text}\n$$"


_BRACKETED_ITEM = re.compile(r"[(（](\d+|[A-Za-z])[)）]")
_ITEM = re.compile(r"(\d+|[A-Za-z])([.)）])")
_LONE_NEWLINE = re.compile(r"(?<!\n)\n(?!\n)")


def _paragraph(text: str, edition: Edition) -> str:
    """Code fences are closed, list markers spelled alike, single newlines doubled."""
    if edition.closes_fences and text.startswith("```") and not text.endswith("```"):
        text += "\n```"
    if text.startswith(("·", "•", "* ")):
        text = "- " + text[1:].lstrip()
    if "\n" not in text:
        if item := _BRACKETED_ITEM.match(text):
            text = f"({item[1]}) {text[item.end() :].lstrip()}"
        if item := _ITEM.match(text):
            text = f"{item[1]}{'.' if item[2] == '.' else ')'} {text[item.end() :].lstrip()}"
    return _LONE_NEWLINE.sub("\n\n", text)


# An opening `$` that no `$` stands before, at least one character or escape, a closing `$` that no `$` follows. An
# escape is a backslash and any character but a newline.
_INLINE_FORMULA = re.compile(r"(?<!\$)\$((?:[^$\\]|\\.)++)\$(?!\$)")


def _spaced_inline_formulas(text: str) -> str:
    """No spaces inside `$..$`, one space between it and a letter or digit outside. Takes "$5 and $" for a formula."""
    parts: list[str] = []
    done = 0
    for match in _INLINE_FORMULA.finditer(text):
        formula = match[1].strip()
        if not formula:
            continue
        before = text[done : match.start()]
        parts.append(before + " " if before and before[-1].isalnum() else before)
        done = match.end()
        parts.append(f"${formula}$ " if done < len(text) and text[done].isalnum() else f"${formula}$")
    return "".join(parts) + text[done:]


# --- repetition --------------------------------------------------------------------------------------------------

_UNIT = 10  # shortest repeated unit, in characters
_TIMES = 10  # a unit counts as repeated from so many copies on; also the fewest equal lines
_LINE_SHARE = 0.8  # of the lines that have text


def without_repetition(text: str) -> str:
    """The text up to and with one copy of the first thing that repeats; what follows the run is thrown away."""
    stripped = text.strip()
    if run := first_repeated_run(stripped):
        start, unit = run
        return stripped[: start + unit]
    return _without_repeated_lines(text)


def first_repeated_run(text: str) -> tuple[int, int] | None:
    """Where the leftmost run of at least 10 copies of a unit of at least 10 characters starts, and the shortest
    such unit there.

    A run of ten copies of a unit of length u holds a pair of equal neighbouring blocks at every offset in its first
    8 u characters, so looking at each multiple of 8 u for each u finds every run: about n/8 ln(n/100) comparisons,
    nearly all of which end at the first character.
    """
    length = len(text)
    if length <= _UNIT * _TIMES:
        return None
    best: tuple[int, int] | None = None
    for unit in range(_UNIT, length // _TIMES + 1):
        step = (_TIMES - 2) * unit
        last = length - 2 * unit if best is None else min(length - 2 * unit, best[0] + step)
        for anchor in range(0, last + 1, step):
            if text[anchor] != text[anchor + unit] or not _same(text, anchor, unit, _UNIT):
                continue
            if not _same(text, anchor, unit, unit):
                continue
            if best is not None and anchor >= best[0] and not _same(text, best[0] - 1, unit, anchor - best[0] + 1):
                continue  # it cannot start left of the best one
            start, end = _periodic_stretch(text, anchor, unit)
            if end - start >= _TIMES * unit and (best is None or start < best[0]):
                best = (start, unit)
                break
        if best is not None and best[0] == 0:
            break
    return best


def _same(text: str, start: int, distance: int, length: int) -> bool:
    """Whether a piece of the text comes again `distance` characters on."""
    return text[start : start + length] == text[start + distance : start + distance + length]


def _periodic_stretch(text: str, anchor: int, unit: int) -> tuple[int, int]:
    """The longest stretch around two equal neighbouring blocks in which every character equals the one a unit on."""
    start = anchor
    while start > 0 and text[start - 1] == text[start - 1 + unit]:
        start -= 1
    end = anchor + 2 * unit
    while end < len(text) and text[end] == text[end - unit]:
        end += 1
    return start, end


def _without_repeated_lines(text: str) -> str:
    """Where four lines in five are the same, the text up to the first of three in a row."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < _TIMES:
        return text
    common, count = Counter(lines).most_common(1)[0]
    if count < _TIMES or count / len(lines) < _LINE_SHARE:
        return text
    first = next((i for i in range(len(lines) - 2) if lines[i] == lines[i + 1] == lines[i + 2] == common), None)
    if first is None:
        return text
    kept: list[str] = []
    seen = 0
    for line in text.split("\n"):
        kept.append(line)
        seen += bool(line.strip())
        if seen == first + 1:
            break
    return "\n".join(kept)


# --- a page's regions together -----------------------------------------------------------------------------------


def _with_formula_numbers(
    entries: list[Formatted], regions: Sequence[RawRegion], dropped: dict[int, Dropped]
) -> list[Formatted]:
    """A formula and the number right before or after it become one entry; numbers left over are dropped."""

    def is_number(entry: Formatted) -> bool:
        return regions[entry.region].label == Label.FORMULA_NUMBER

    result: list[Formatted] = []
    position = 0
    while position < len(entries):
        entry = entries[position]
        following = entries[position + 1] if position + 1 < len(entries) else None
        position += 1
        if is_number(entry):
            if following is not None and following.label == "formula":
                result.append(_tagged(following, entry))
                position += 1
            else:
                dropped[entry.region] = Dropped.NUMBER_WITHOUT_FORMULA
        elif entry.label == "formula" and following is not None and is_number(following):
            result.append(_tagged(entry, following))
            position += 1
        else:
            result.append(entry)
    return result


def _tagged(formula: Formatted, number: Formatted) -> Formatted:
    tag = (number.content or "").strip()
    if (tag.startswith("(") and tag.endswith(")")) or (tag.startswith("（") and tag.endswith("）")):
        tag = tag[1:-1]
    content = formula.content or ""
    if content.endswith("\n$$"):
        content = f"{content[:-3]} \\tag{{{tag}}}\n$$"
    return replace(formula, content=content, also=(*formula.also, number.region))


def _with_hyphens_joined(entries: list[Formatted], edition: Edition) -> list[Formatted]:
    """A text that ends with a hyphen takes up the next text that starts with a small letter, if that makes a word.

    Texts in between that start otherwise are passed over, and a text taken up by one may be taken up again by
    another: the SDK then shows it twice.
    """
    result: list[Formatted] = []
    taken: set[int] = set()
    for position, entry in enumerate(entries):
        if position in taken:
            continue
        text = (entry.content or "").rstrip()
        partner = _continuation(entries, position) if entry.label == "text" and text.endswith("-") else None
        if partner is not None:
            following = (entries[partner].content or "").lstrip()
            before, after = text[:-1].split(), following.split()
            if before and edition.is_word(before[-1] + after[0]):
                taken.add(partner)
                entry = replace(entry, content=text[:-1] + following, also=(*entry.also, entries[partner].region))
        result.append(entry)
    return result


def _continuation(entries: list[Formatted], position: int) -> int | None:
    for later in range(position + 1, len(entries)):
        start = (entries[later].content or "").lstrip()[:1]
        if entries[later].label == "text" and start.islower():
            return later
    return None


def _with_bullets(entries: list[Formatted], regions: Sequence[RawRegion]) -> list[Formatted]:
    """A text between two list items, flush with both, becomes a list item."""
    result = list(entries)
    for position in range(1, len(result) - 1):
        previous, current, following = result[position - 1 : position + 2]
        neighbours = (previous, following)
        if any(regions[entry.region].label != Label.TEXT for entry in (previous, current, following)):
            continue
        content = current.content or ""
        if content.startswith("- ") or not all((entry.content or "").startswith("- ") for entry in neighbours):
            continue
        left = regions[current.region].left
        if all(abs(left - regions[entry.region].left) <= 10.0 for entry in neighbours):
            result[position] = replace(current, content="- " + content)
    return result
