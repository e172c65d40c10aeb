"""Markdown of content, and the content of a language model's Markdown.

Writing is faithful: every character is shown as it is, and only what Markdown would take for mark-up is escaped.
Reading knows what models write: headings, paragraphs with hard breaks, lists, fences, display formulas, tables in HTML,
styles, links and inline formulas. What would not come out as it went in stays verbatim, so a model's text is never
changed by passing through here.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from octavo.content import (
    Code,
    Content,
    Form,
    Formula,
    Heading,
    Items,
    ListItem,
    Mixed,
    Picture,
    Prose,
    Run,
    Runs,
    Table,
    Unmixed,
    Verbatim,
    runs_of,
)
from octavo.markup import html as html_markup
from octavo.wording.notes import RAISED
from octavo.wording.ticks import in_brackets

HARD_BREAK = "  \n"
_INDENT = "    "  # four spaces a level are enough below any marker

# --- written ----------------------------------------------------------------------------------------------------------


def written(content: Content) -> str:
    """The content as Markdown; of a picture, which only a link can show, the text in it."""
    match content:
        case Prose(lines, note=str() as name):
            return f"[^{name}]: {HARD_BREAK.join(map(line, lines)).lstrip(RAISED).lstrip()}"
        case Prose(lines):
            return HARD_BREAK.join(map(line, lines))
        case Heading(level, runs):
            return f"{'#' * level} {line(runs)}"
        case Items(items):
            return "\n".join(f"{_INDENT * item.depth}{item.marker} {line(item.runs)}" for item in items)
        case Code(text, language):
            return _fenced(text, language)
        case Formula(latex, number, inline=True):
            return f"${latex}$"
        case Formula(latex, number):
            tag = "" if number is None else f" \\tag{{{number}}}"
            return f"$$\n{latex}{tag}\n$$"
        case Table():
            return in_brackets(html_markup.table(content))
        case Picture(lines):
            return HARD_BREAK.join(line(runs_of(one)) for one in lines)
        case Form(rows):
            return HARD_BREAK.join(line(row.as_line) for row in rows)
        case Verbatim(markdown):
            return markdown
        case Mixed(parts):
            return "\n\n".join(map(written, parts))


def line(runs: Runs) -> str:
    """One line such that Markdown shows exactly these characters in their styles."""
    text = ""
    joined = _joined(runs)
    for run, after in zip(joined, [*(run.text[:1] for run in joined[1:]), ""], strict=False):
        written = _written(run, text[-1:], after)
        text = f"{text[:-1]}\\!" if text.endswith("!") and written.startswith("[") else text  # or it were a picture
        text += written
    text = text.strip()
    starts = joined and not joined[0].styled and (_BLOCK_START.match(text) or _LINK_DEFINITION.match(text))
    return f"\\{text}" if starts else text


def _joined(runs: Runs) -> list[Run]:
    """Plain runs beside each other as one."""
    joined: list[Run] = []
    for run in runs:
        if joined and not joined[-1].styled and not run.styled:
            joined[-1] = Run(joined[-1].text + run.text)
        else:
            joined.append(run)
    return joined


def _written(run: Run, before: str, after: str) -> str:
    if run.verbatim:
        return run.text
    if run.note is not None:
        return f"[^{run.note}]"
    text = run.text.strip()
    if not run.styled or not text:
        return _escaped(run.text)
    lead, tail = run.text[: len(run.text) - len(run.text.lstrip())], run.text[len(run.text.rstrip()) :]
    if run.formula:
        return f"${run.text}$"
    shown = _ticked(text) if run.code else _escaped(text)
    if _flanks(text[0], before if not lead else " ") and _flanks(text[-1], after if not tail else " "):
        for mark, wanted in (("~~", run.struck), ("*", run.italic), ("**", run.bold)):
            shown = f"{mark}{shown}{mark}" if wanted else shown
        run = replace(run, struck=False, italic=False, bold=False)
    for tag in html_markup.tags(replace(run, code=False)):
        shown = f"<{tag}>{shown}</{tag}>"
    if run.link is not None and html_markup.is_safe_link(run.link) and not _is_own_address(text, run.link):
        target = f"<{run.link}>" if re.search(r"[\s()<>]", run.link) else run.link
        shown = f"[{_BRACKET.sub(_ESCAPED_BRACKET, shown)}]({target})"
    return f"{lead}{shown}{tail}"


def _is_own_address(text: str, link: str) -> bool:
    """Whether a text is the address it leads to, which readers of Markdown make a link by themselves (GFM 6.9)."""
    if text.startswith("www."):
        text = f"http://{text}"
    elif link.startswith("mailto:"):
        text = f"mailto:{text}"
    return text.rstrip("/").replace("https://", "http://") == link.rstrip("/").replace("https://", "http://")


def _flanks(inner: str, outer: str) -> bool:
    """Whether a mark between the two begins or ends a style: not beside another mark, nor beside a letter on the
    outside with a sign on the inside."""
    if outer in ("*", "~"):
        return False
    return inner.isalnum() or not outer.isalnum()


def _ticked(code: str) -> str:
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    room = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{ticks}{room}{code}{room}{ticks}"


def _fenced(code: str, language: str) -> str:
    """Code in a fence long enough for whatever it holds."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    return f"{fence}{language}\n{code}\n{fence}"


# Without one of these nothing below can match. Each is looked for alone: a pattern takes 20 times as long.
_SUSPECT = ("\\", "`", "*", "_", "~", "<", "&", "](", "]:")
_BLOCK_START = re.compile(r"(?:#{1,6}(?=\s|$)|>|[-+*](?=\s)|~{3,}|`{3,}|={2,}\s*$|-{2,}\s*$|(?:[-*_]\s*){3,}$)")
_LINK_DEFINITION = re.compile(r"\[[^\]]+\]:")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_ENTITIES = re.compile(r"&#?\w+;")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_LINK = re.compile(r"\](?=\()")
_BRACKET, _ESCAPED_BRACKET = re.compile(r"(?<!\\)([\[\]])"), r"\\\1"
# A mark's partner is looked for over 1000 characters: a line of 30,000 that is nothing but marks takes 3 s, not 20.
_STARS = re.compile(r"(?<!\*)(\*{1,3})(?=[^\s*])([^*\n]*[^\s*])\1(?!\*)")
_UNDERSCORES = re.compile(r"(?<![\w\\])(_{1,3})(?=[^\s_])([^\n]{0,1000}?[^\s_])\1(?!\w)")
_TICKS = re.compile(r"(?<!`)(`+)(?!`)([^\n]{1,1000}?)(?<!`)\1(?!`)")
_STRIKE = re.compile(r"~~(?=\S)([^\n]{1,1000}?)~~")


def _escaped(text: str) -> str:
    """Plain characters within a line.

    Only what would be taken for mark-up is touched: a lone `*`, `_` within a word, `$`, `1.` at a start stay.
    """
    if not _is_suspect(text):
        return in_brackets(text)
    text = _ENTITY.sub("&amp;", _BACKSLASH.sub(r"\\\\", text))
    text = _LINK.sub(r"\\]", _TAG.sub(r"\\<", text))
    for pattern in (_STARS, _UNDERSCORES, _TICKS):
        text = pattern.sub(lambda m: _each(m.group(1)) + m.group(2) + _each(m.group(1)), text)
    return in_brackets(_STRIKE.sub(r"\\~\\~\1\\~\\~", text))


def _is_suspect(text: str) -> bool:
    return any(map(text.__contains__, _SUSPECT))


def _each(run: str) -> str:
    return "".join("\\" + character for character in run)


# --- read -------------------------------------------------------------------------------------------------------------

_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"(#{1,6}) +(.*)")
_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)]) (.*)")
_MARKER = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")


def begins_item(line: str) -> bool:
    """Whether Markdown takes a line for an entry of a list, or for the begin of one."""
    return _MARKER.match(line) is not None


def taken_apart(text: str) -> Content:
    """What a model's Markdown says, where writing it again gives the very same text; otherwise that text."""
    content = read(text)
    return content if written(content) == text else Verbatim(text)


def read(text: str) -> Content:
    """What a piece of Markdown says."""
    lines = text.split("\n")
    parts: list[Unmixed] = []
    place = 0
    while place < len(lines):
        first = lines[place]
        if not first.strip():
            place += 1
        elif fence := _FENCE.fullmatch(first):
            end = _closing(lines, place + 1, fence[1])
            parts.append(Code("\n".join(lines[place + 1 : end]), fence[2]))
            place = end + 1
        elif first.strip() == "$$":
            end = _closing(lines, place + 1, "$$")
            parts.append(Formula("\n".join(lines[place + 1 : end])))
            place = end + 1
        elif first.lstrip().startswith("<table"):
            end = next((n for n in range(place, len(lines)) if "</table>" in lines[n]), len(lines) - 1)
            tables = html_markup.read("\n".join(lines[place : end + 1]))
            parts.extend(tables.parts if isinstance(tables, Mixed) else [tables])
            place = end + 1
        elif heading := _HEADING.fullmatch(first):
            parts.append(Heading(len(heading[1]), read_line(heading[2])))
            place += 1
        else:
            end = next((n for n in range(place, len(lines)) if not lines[n].strip()), len(lines))
            parts.append(_block(lines[place:end]))
            place = end
    return parts[0] if len(parts) == 1 else Mixed(tuple(parts)) if parts else Prose(())


def _closing(lines: Sequence[str], start: int, mark: str) -> int:
    """The line that ends a fence or formula: its own mark alone, or the end of the text."""
    return next((n for n in range(start, len(lines)) if lines[n].strip() == mark), len(lines))


def _block(lines: Sequence[str]) -> Unmixed:
    if not _ITEM.fullmatch(lines[0]):
        return Prose(tuple(map(read_line, lines)))
    items: list[ListItem] = []
    for one in lines:
        if match := _ITEM.fullmatch(one):
            items.append(ListItem(match[2], read_line(match[3]), len(match[1]) // len(_INDENT)))
        else:
            items[-1] = replace(items[-1], runs=(*items[-1].runs, Run(" "), *read_line(one)))
    return Items(tuple(items))


def read_line(text: str) -> Runs:
    """One line of Markdown; verbatim where it would be written differently."""
    text = text.strip()
    marked = "$" in text or _is_suspect(text)
    runs = _styled(text, Run("")) if marked else runs_of(text)
    return runs if line(runs) == text else (Run(text, verbatim=True),)


def unmarked(runs: Runs) -> Runs:
    """A line with what is verbatim in it taken apart as well, for those who write no Markdown."""
    return tuple(one for run in runs for one in (_styled(run.text, Run("")) if run.verbatim else (run,)))


_INLINE = re.compile(
    r"\$(?P<dollars>[^$\n]{1,1000})\$"
    r"|\\\((?P<brackets>.{1,1000}?)\\\)"
    r"|\\(?P<escape>[!-/:-@\[-`{-~])"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?P<code>[^\n]{1,1000}?)(?<!`)(?P=ticks)(?!`)"
    r"|(?<!\*)(?P<stars>\*{1,3})(?=[^\s*])(?P<starred>[^*\n]*[^\s*\\])(?P=stars)(?!\*)"
    r"|~~(?=\S)(?P<struck>[^\n]{1,1000}?)~~"
    r"|<(?P<tag>b|strong|i|em|u|s|sub|sup|code)>(?P<tagged>[^\n]{0,1000}?)</(?P=tag)>"
    r"|(?<!!)\[(?P<label>(?:\\.|[^\[\]\\\n])+)\]\((?P<target>[^\s()<>]+|<[^<>\n]+>)\)"
)


def _unescaped(text: str) -> str:
    """With the characters that entities stand for; in Markdown all of them end in a semicolon (CommonMark 6.2)."""
    return _ENTITIES.sub(lambda found: html.unescape(found[0]), text)


def _styled(text: str, style: Run) -> Runs:
    """The runs of a piece of a line that stands in a style; plain characters that touch are one run."""
    runs: list[Run] = []

    def plain(characters: str) -> None:
        if characters and runs and replace(runs[-1], text="") == style:
            runs[-1] = replace(style, text=runs[-1].text + characters)
        elif characters:
            runs.append(replace(style, text=characters))

    place = 0
    for found in _INLINE.finditer(text):
        plain(_unescaped(text[place : found.start()]))
        place = found.end()
        if latex := found["dollars"] or found["brackets"]:
            runs.append(replace(style, text=latex, formula=True))
        elif found["escape"]:
            plain(found["escape"])
        elif found["ticks"]:
            runs.append(replace(style, text=found["code"].strip(), code=True))
        elif found["stars"]:
            count = len(found["stars"])
            inner = replace(style, italic=style.italic or count != 2, bold=style.bold or count > 1)
            runs.extend(_styled(found["starred"], inner))
        elif found["struck"]:
            runs.extend(_styled(found["struck"], replace(style, struck=True)))
        elif found["tag"]:
            runs.extend(_styled(found["tagged"], html_markup.styled(style, found["tag"])))
        else:
            runs.extend(_styled(found["label"], replace(style, link=found["target"].strip("<>"))))
    plain(_unescaped(text[place:]))
    return tuple(runs)
