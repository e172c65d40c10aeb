"""Entries of lists: the bullets and numbers they begin with."""

import re

BULLETS = "•·▪▫●○◦■□◻◆◇▶►➢➤▸‣⁃∙✓✔✗❖\uf0b7\uf0a7\uf0d8\uf076\uf0fc"
_TICKS = "✓✔✗□◻\uf0a8\uf0fc"  # bullets that say something: done, not done, to be ticked
_BULLET = re.compile(rf"\s*[{BULLETS}]")
_MARKER = re.compile(
    rf"\s*(?:[{BULLETS}*–—-]\s|\(?(?:\d{{1,3}}|[a-zA-Z]|[ivxIVX]{{1,5}})[.)、]\s|\[\d{{1,3}}\]\s*|[①-⑳])"
)
_ENUMERATOR = re.compile(rf"[\s{BULLETS}*–—-]*|\(?([0-9]{{1,3}}|[a-z]|[ivxlc]+)[.)]|\[\d+\]", re.IGNORECASE)
_BULLETED = re.compile(rf"(?:[{BULLETS}]\s*|[-–]\s+)(?=[^\W\d_]|[\"'“‘(\[$€£]?\w+\W+[^\W\d_])")
_NUMBERED = re.compile(r"(\d{1,3}[.)])\s+(?=\S)")
_BRACKETED = re.compile(r"\s*[(\[（]\w{1,3}[)\]）]")
_KIND = re.compile(r"\s*(?P<opening>[(\[])?(?:(?P<digit>\d{1,3})|[a-z]|[ivx]{2,5})(?P<closing>[.)\]])\s")
_MODELS = "•·▪●◦"  # those a language model writes; a box may be one to tick
_WRITTEN = re.compile(rf"^(\s*)[{_MODELS}]\s*", re.MULTILINE)
_LETTERED = re.compile(r"(?:[a-z]|[ivx]{2,4})(?:\)|\.(?!\s?\w\.))\s+\S")  # "e. g." and "i. e." are words
_ORDINAL = re.compile(r"[\[(]?(\d{1,3})[\])]?[.:]?\s")


def begins_with_bullet(text: str) -> bool:
    return _BULLET.match(text) is not None


def is_bullet(text: str) -> bool:
    """Nothing but a bullet."""
    return _BULLET.fullmatch(text) is not None


def begins_entry(text: str) -> bool:
    """Begins with a bullet, a dash, or a number or letter as lists have them: several such lines are a list."""
    return _MARKER.match(text) is not None


def marker_kind(text: str) -> str | None:
    """How an entry is counted: "1." for "12. Papers", "(a)" for "(iv) others"; None without a number or small letter.

    Capitals do not count: names begin with them.
    """
    found = _KIND.match(text)
    if found is None:
        return None
    return f"{found['opening'] or ''}{'1' if found['digit'] else 'a'}{found['closing']}"


def begins_bracketed(text: str) -> bool:
    """Begins with a letter or number in brackets: "(a)", "[12]"."""
    return _BRACKETED.match(text) is not None


def with_dashes(text: str) -> str:
    """The bullets that a language model wrote at the begin of its lines, as Markdown's dashes."""
    return _WRITTEN.sub(r"\1- ", text) if any(map(text.__contains__, _MODELS)) else text


def is_enumerator(text: str) -> bool:
    """Nothing but bullets, or the number of an entry; also nothing at all."""
    return _ENUMERATOR.fullmatch(text) is not None


def after_bullet(text: str) -> str | None:
    """What follows a bullet or dash, if there is one; with a tick, the tick as well. A dash in front of a number alone
    is none."""
    found = _BULLETED.match(text)
    if found is None:
        return None
    return text if text[0] in _TICKS else text[found.end() :]


def after_number(text: str) -> tuple[str, str] | None:
    """The number an entry begins with ("3.", "3)"), and what follows."""
    found = _NUMBERED.match(text)
    return None if found is None else (found[1], text[found.end() :])


def begins_lettered(text: str) -> bool:
    """Begins with a small letter or Roman number and a bracket or stop, as the entries of an inner list: "b) socks"."""
    return _LETTERED.match(text) is not None


def ordinal(text: str) -> int | None:
    """The number that an entry of a list of references begins with: "[3]", "3.", "(3)", "3"."""
    found = _ORDINAL.match(text)
    return None if found is None else int(found[1])
