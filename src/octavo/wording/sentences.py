"""Where sentences end, break off and begin."""

import re

_CLAUSE_END = re.compile(r"[.。;；,，、:：]\s*$")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’»)\]）」』]*\d{0,3}$")
_OPEN_END = re.compile(r"([,;:(/&–-]|\b(?:and|or|of|the|in|for|to|with|by|from|on|at|per|und|der|die|et|de|la))$", re.I)
_WORD = re.compile(r"[^\W\d_]{3}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2}")
_SPEECH = re.compile(
    r"[QA](?:[.:]?\s+)(?=[A-Z“\"])|"
    r"(?:(?:THE|MR|MRS|MS|DR|SEN|REP)\b\.?\s+)?[A-Z][A-Z'’-]+(?:\s[A-Z][A-Z'’.-]+){0,2}:\s"
)
_CODE = re.compile(r"[{};]\s*$|=>|\bdef \b|\breturn\b|\bimport\b")
_NAMED = re.compile(r"[^\W\d_][\w.\-/’']*(?: [\w.\-/&’']+){0,2} ?: \S")


def ends_clause(text: str) -> bool:
    """Ends with a sign that parts or ends sentences, which headings do not have; a colon is one, too."""
    return _CLAUSE_END.search(text) is not None


def ends_sentence(text: str) -> bool:
    """Ends with what ends a sentence, quotes, brackets and the number of a note after it included."""
    return _SENTENCE_END.search(text) is not None


def breaks_off(text: str) -> bool:
    """Ends with a comma, a dash, or a little word that more must follow."""
    return _OPEN_END.search(text) is not None


def has_word(text: str) -> bool:
    """At least one word of three letters, or of two where words are that short."""
    return _WORD.search(text) is not None


def begins_speech(text: str) -> bool:
    """Begins with who speaks, as minutes of a hearing have it: "Q. Did you?", "A. I did.", "THE COURT: Go on." """
    return _SPEECH.match(text) is not None


def names_field(text: str) -> bool:
    """Ends with a colon, as the names of fields in a form do."""
    return text.endswith((":", "："))


def begins_with_name(text: str) -> bool:
    """Begins with up to three words that name what comes after their colon."""
    return _NAMED.match(text) is not None


def is_statement(text: str) -> bool:
    """Whether a text reads like a program."""
    return _CODE.search(text) is not None
