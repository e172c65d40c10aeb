"""Markdown that a stranger wrote, made safe to show: a model's answer repeats what stands on a page, and a page may say
anything.

One allow-list for both notations: the elements of tables and styles (`html`), links to the web and to mail. All else is
kept as the characters it is: other elements and their attributes, links that run something, pictures from elsewhere
(they are loaded when the text is looked at), and quotations that look like this package's own notices of a loss. What
surely stands in code is left alone. The official profile is not cleaned: its promise is the SDK's bytes.

Readers of Markdown differ, and a text may be taken for code by one and run by another. So what is not sure to be code
for all of them (CommonMark 0.31: fences 4.5, HTML blocks 4.6, code spans 6.1; GFM's tables) is cleaned, at the price of
a backslash in it.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from octavo.markup.html import ELEMENTS, is_safe_link, unturned

_SUSPECT = "<>]`~$"  # without one of these there is nothing to clean
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_HTML_BLOCK = re.compile(r" {0,3}</?[A-Za-z]")  # up to the next empty line, and nothing in it is Markdown
_ESCAPE = r"\\[!-/:-@\[-`{-~]"
_CODE = r"(?<!`)(?P<ticks>`+)(?!`)[^\n`]+(?:(?!(?P=ticks)(?!`))`+[^\n`]+)*(?<!`)(?P=ticks)(?!`)"
_ELEMENT = r"<(?P<closing>/?)(?P<element>[A-Za-z][A-Za-z0-9]*)(?P<attributes>[^<>]*)>|(?P<opening><(?=[A-Za-z/!?]))"
_INLINE = (
    r"|\$(?P<formula>[^$\n]+)\$"
    rf"|{_ELEMENT}"
    r"|(?P<picture>!)(?=\[[^\[\]]*\]\((?!\s*(?!//)[\w./%-]*[\s)]))"  # not of a file beside the text
    r"|\](?=\(\s*<?(?P<link>[^\s()<>]*))"
)
_WITH_CODE = re.compile(rf"(?P<kept>{_ESCAPE}|{_CODE}){_INLINE}")
_WITHOUT_CODE = re.compile(rf"(?P<kept>{_ESCAPE}){_INLINE}")
_CODE_OR_ESCAPE = re.compile(rf"{_ESCAPE}|{_CODE}")
_IN_HTML = re.compile(_ELEMENT)
_SPAN = re.compile(r"\b(rowspan|colspan)\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
_NOTICE = re.compile(r"^(\s{0,3})>(?=\s*\*\*)", re.MULTILINE)
_DEFINITION = re.compile(r"^([\s>*+-]*)\[(?=[^\]\n]+\]:)", re.MULTILINE)  # where a link leads that stands elsewhere
_IN_FORMULA = re.compile(r"<(?=[A-Za-z/!?])|\](?=\()|!(?=\[)")


def cleaned(text: str) -> str:
    """The text with nothing in it but what the allow-list has; a fence that is open is closed at its end."""
    text = unturned(text)
    if not any(map(text.__contains__, _SUSPECT)):
        return text
    parts: list[str] = []
    fence = ""
    for kind, lines in groupby(_kinds(text.split("\n")), key=lambda line: line[0]):
        block = "\n".join(line for _, line in lines)
        if kind.startswith(("`", "~")):
            fence = kind
            parts.append(block)
        else:
            fence = ""
            parts.append(_in_html(block) if kind == "html" else _in_markdown(block))
    still_open = fence and not re.fullmatch(rf" {{0,3}}{fence}{fence[0]}*\s*", parts[-1].rpartition("\n")[2])
    return "\n".join([*parts, fence] if still_open or (fence and "\n" not in parts[-1]) else parts)


def cleaned_formula(latex: str) -> str:
    """LaTeX in which nothing looks like an element, a link or a picture: a space changes no formula."""
    return _IN_FORMULA.sub(r"\g<0> ", unturned(latex))


def _kinds(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each line with the fence it stands in, "html", or a number that tells paragraphs apart."""
    fence, is_html, paragraph = "", False, 0
    for line in lines:
        mark = _FENCE.match(line)
        if fence:
            yield fence, line
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence, paragraph = "", paragraph + 1
            continue
        if not line.strip():
            is_html, paragraph = False, paragraph + 1
        elif is_html or _HTML_BLOCK.match(line):
            is_html = True
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
        yield fence or ("html" if is_html else str(paragraph)), line


def _in_html(text: str) -> str:
    """Between elements there are no escapes: what is no element that is let in begins with `&lt;`."""
    return _IN_HTML.sub(lambda found: _element(found) or f"&lt;{found[0][1:]}", text)


def _in_markdown(text: str) -> str:
    """One paragraph. Its code spans are sure where each is closed on its line, and no table can cut one in two."""
    text = _DEFINITION.sub(r"\1\\[", _NOTICE.sub(r"\1\\>", text))
    sure = "|" not in text and "`" not in _CODE_OR_ESCAPE.sub("", text)
    return (_WITH_CODE if sure else _WITHOUT_CODE).sub(_part, text)


def _part(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    if found["formula"]:
        return f"${cleaned_formula(found['formula'])}$"
    if found["link"] is not None and is_safe_link(found["link"]):
        return found[0]
    return _element(found) or f"\\{found[0]}"


def _element(found: re.Match[str]) -> str:
    """The element with what it may have; empty where it is none that is let in."""
    name = (found["element"] or "").lower()
    if name not in ELEMENTS:
        return ""
    spans = "".join(f' {key.lower()}="{value}"' for key, value in _SPAN.findall(found["attributes"]))
    return f"<{found['closing']}{name}{'' if found['closing'] else spans}>"
