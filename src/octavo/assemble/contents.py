"""A part's Markdown, faithful to what was read: nothing is taken away, and only what Markdown itself needs is added.

Plain characters (from a text layer or a reader of lines) are escaped where Markdown would take them for mark-up.
A language model's text is Markdown already and is left as it is, but for what would break the document around it.
"""

import re
import statistics
from collections.abc import Sequence
from itertools import pairwise

from octavo.assemble.parts import Form, Item, Part, Row
from octavo.document import Label

_SUSPECT = re.compile(r"[\\`*_~<&]|\](?=[(:])|^[#>+=-]")  # without one of these nothing below can match
_BLOCK_START = re.compile(r"(?:#{1,6}(?=\s|$)|>|[-+*](?=\s)|~{3,}|`{3,}|={2,}\s*$|-{2,}\s*$|(?:[-*_]\s*){3,}$)")
_LINK_DEFINITION = re.compile(r"\[[^\]]+\]:")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_LINK = re.compile(r"\](?=\()")
_STARS = re.compile(r"(?<!\*)(\*{1,3})(?=[^\s*])([^*\n]*[^\s*])\1(?!\*)")
_UNDERSCORES = re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])([^\n]*?[^\s_])\1(?!\w)")
_TICKS = re.compile(r"(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)")
_STRIKE = re.compile(r"~~(?=\S)([^\n]+?)~~")
_FENCE = re.compile(r"^(`{3,}|~{3,})", re.MULTILINE)
_HASHES = re.compile(r"^#{1,6}(?:\s+|$)")
_MODEL_BULLET = re.compile(r"^(\s*)[•·▪●◦]\s*", re.MULTILINE)
_LIST_LINE = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
HARD_BREAK = "  \n"


def of_part(part: Part) -> str:
    """Markdown of a part whose text is plain characters. Headings come without their `#`."""
    match part.form:
        case Form.CODE:
            return fenced(indented(part.rows))
        case Form.LINES:
            return HARD_BREAK.join(escaped(row.text) for row in part.rows)
        case Form.ITEMS:
            return listed(part.items, [0] * len(part.items))
        case Form.PROSE:
            return paragraphs(part.text)


def paragraphs(text: str) -> str:
    """Plain text as Markdown: blank lines part paragraphs, other line breaks stay line breaks."""
    chunks = (chunk.split("\n") for chunk in re.split(r"\n\s*\n", text.strip()))
    return "\n\n".join(HARD_BREAK.join(escaped(line) for line in chunk if line.strip()) for chunk in chunks)


def escaped(line: str) -> str:
    """One line of plain text such that Markdown shows exactly these characters.

    Only what would be taken for mark-up is touched: a lone `*`, `_` within a word, `$`, `1.` at a start stay.
    """
    line = line.strip()
    if not _SUSPECT.search(line):
        return line
    line = _ENTITY.sub("&amp;", _BACKSLASH.sub(r"\\\\", line))
    line = _LINK.sub(r"\\]", _TAG.sub(r"\\<", line))
    for pattern in (_STARS, _UNDERSCORES, _TICKS):
        line = pattern.sub(lambda m: _each(m.group(1)) + m.group(2) + _each(m.group(1)), line)
    line = _STRIKE.sub(r"\\~\\~\1\\~\\~", line)
    if _BLOCK_START.match(line) or _LINK_DEFINITION.match(line):
        line = "\\" + line
    return line


def _each(run: str) -> str:
    return "".join("\\" + character for character in run)


def listed(items: Sequence[Item], depths: Sequence[int]) -> str:
    """List lines. Four spaces a level are enough below any marker."""
    return "\n".join(
        f"{' ' * 4 * depth}{item.marker} {escaped(item.text)}" for item, depth in zip(items, depths, strict=True)
    )


# --- code -----------------------------------------------------------------------------------------------------------


def indented(rows: Sequence[Row]) -> str:
    """Rows of code under each other, their indentation in characters measured from where they begin."""
    widths = [row.box.width / len(row.text) for row in rows if len(row.text) > 3 and row.box.width > 0]
    width = statistics.median(widths) if widths else 1.0
    left = min(row.box.left for row in rows)
    pitches = [0.0, *(below.box.top - above.box.top for above, below in pairwise(rows))]
    usual = statistics.median_low(pitches[1:]) if len(rows) > 2 else 1.6 * rows[0].box.height
    lines = [" " * round((row.box.left - left) / width) + row.text for row in rows]
    return "\n".join("\n" * (pitch > 1.5 * usual) + line for line, pitch in zip(lines, pitches, strict=True))


def fenced(code: str) -> str:
    """Code in a fence long enough for whatever it holds."""
    ticks = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}\n{code.strip(chr(10))}\n{fence}"


# --- what a language model wrote --------------------------------------------------------------------------------------


def of_model(text: str, label: Label) -> str:
    """Markdown of a model's own text: bullets as list items, open fences closed, line breaks kept."""
    text = text.strip()
    if label in (Label.DOC_TITLE, Label.PARAGRAPH_TITLE):
        return " ".join(unhashed(text).split())
    if _FENCE.search(text):
        opened = _FENCE.findall(text)
        return text if len(opened) % 2 == 0 else f"{text}\n{opened[-1]}"
    if label is Label.ALGORITHM and "\n" in text and "$" not in text and "\\(" not in text:
        return fenced(text)
    text = _MODEL_BULLET.sub(r"\1- ", text)
    return _with_breaks(text.split("\n")) if "\n" in text else text


def _with_breaks(lines: Sequence[str]) -> str:
    """Single line breaks of the model's text as hard breaks, except where Markdown keeps them anyway."""
    text = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        text += line.rstrip()
        if line.strip() and following.strip():
            keeps = _LIST_LINE.match(following) or line.lstrip()[:1] in "|$<" or following.lstrip()[:1] in "|$<"
            text += "\n" if keeps else HARD_BREAK
        else:
            text += "\n"
    return text.strip()


def unhashed(text: str) -> str:
    """A heading's text without the `#` a model put before it."""
    return _HASHES.sub("", text.strip())


def model_heading(text: str) -> bool:
    """Whether a model's text for a text region is one heading."""
    return "\n" not in text.strip() and bool(_HASHES.match(text.strip())) and bool(unhashed(text))


# --- formulas ---------------------------------------------------------------------------------------------------------


def formula(latex: str) -> str:
    """LaTeX as a display formula, whatever delimiters it came in."""
    return f"$$\n{bare_latex(latex)}\n$$"


def inline_formula(latex: str) -> str:
    return f"${bare_latex(latex)}$"


def bare_latex(latex: str) -> str:
    """LaTeX without its delimiters, which are taken away in pairs only."""
    latex = latex.strip()
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")):
        if latex.startswith(opening) and latex.endswith(closing) and len(latex) > len(opening) + len(closing):
            return latex[len(opening) : -len(closing)].strip()
    return latex


def tagged(display: str, number: str) -> str:
    """A display formula with the number printed beside it."""
    return f"{display.removesuffix('$$').rstrip()} \\tag{{{bare_number(number)}}}\n$$"


def bare_number(number: str) -> str:
    """`(3)` without its brackets."""
    number = number.strip()
    for opening, closing in (("(", ")"), ("（", "）"), ("[", "]")):
        if number.startswith(opening) and number.endswith(closing):
            return number[1:-1].strip()
    return number
