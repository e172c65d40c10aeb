"""The languages that Tesseract is asked for: those whose script the embedded reader does not know.

PP-OCRv6's alphabet is Latin, Chinese and Japanese, and Greek without its accents. Each language is a package of its own
in Debian and Ubuntu; the script is called as Tesseract's own script detection calls it.
"""

import unicodedata
from typing import Final

from octavo.frozen import frozen

_OWN_SHARE: Final = 0.015  # of a text's letters: Persian's own four are 4.4 % of a Persian page, and 0 of an Arabic one
_MOSTLY: Final = 0.5  # share of the letters of a line that are of the script it is said to be in


@frozen
class Language:
    """What Tesseract can be asked to read."""

    code: str  # as Tesseract calls it
    name: str  # as people do
    script: str  # as Tesseract's script detection calls it; empty where it is not known
    alphabet: str  # first word of its letters' Unicode names; empty: any letter
    own: str = ""  # letters that the script's other languages here lack

    @property
    def package(self) -> str:
        """Debian's and Ubuntu's."""
        return _PACKAGES.get(self.code, f"tesseract-ocr-{self.code.replace('_', '-').lower()}")

    def writes(self, text: str) -> bool:
        """Whether a text is mostly written in its script; digits and signs alone are in any."""
        letters = [letter for letter in text if letter.isalpha()]
        own = sum(unicodedata.name(letter, "").startswith(self.alphabet) for letter in letters)
        return own >= _MOSTLY * len(letters)

    def is_told_by(self, text: str) -> bool:
        """Whether a text has letters that only this language of its script has."""
        letters = [letter for letter in text if letter.isalpha()]
        return bool(self.own) and sum(letter in self.own for letter in letters) > _OWN_SHARE * len(letters)


_PACKAGES = {"Fraktur": "tesseract-ocr-script-frak"}

LANGUAGES: tuple[Language, ...] = (
    Language("ara", "Arabic", "Arabic", "ARABIC"),
    Language("fas", "Persian", "Arabic", "ARABIC", own="پچژگ"),
    Language("urd", "Urdu", "Arabic", "ARABIC", own="ٹڈڑے"),
    Language("kor", "Korean", "Korean", "HANGUL"),
    Language("rus", "Russian", "Cyrillic", "CYRILLIC"),
    Language("ukr", "Ukrainian", "Cyrillic", "CYRILLIC", own="іїєґІЇЄҐ"),
    Language("bel", "Belarusian", "Cyrillic", "CYRILLIC", own="ўЎ"),
    Language("bul", "Bulgarian", "Cyrillic", "CYRILLIC"),
    Language("srp", "Serbian", "Cyrillic", "CYRILLIC", own="ђћљњџЂЋЉЊЏ"),
    Language("mkd", "Macedonian", "Cyrillic", "CYRILLIC", own="ѓќѕЃЌЅ"),
    Language("ell", "Greek", "Greek", "GREEK"),
    Language("heb", "Hebrew", "Hebrew", "HEBREW"),
    Language("hin", "Hindi", "Devanagari", "DEVANAGARI"),
    Language("mar", "Marathi", "Devanagari", "DEVANAGARI", own="ळ"),
    Language("nep", "Nepali", "Devanagari", "DEVANAGARI"),
    Language("tha", "Thai", "Thai", "THAI"),
    Language("ben", "Bengali", "Bengali", "BENGALI"),
    Language("guj", "Gujarati", "Gujarati", "GUJARATI"),
    Language("pan", "Punjabi", "Gurmukhi", "GURMUKHI"),
    Language("tam", "Tamil", "Tamil", "TAMIL"),
    Language("tel", "Telugu", "Telugu", "TELUGU"),
    Language("kan", "Kannada", "Kannada", "KANNADA"),
    Language("mal", "Malayalam", "Malayalam", "MALAYALAM"),
    Language("sin", "Sinhala", "Sinhala", "SINHALA"),
    Language("khm", "Khmer", "Khmer", "KHMER"),
    Language("lao", "Lao", "Lao", "LAO"),
    Language("mya", "Burmese", "Myanmar", "MYANMAR"),
    Language("kat", "Georgian", "Georgian", "GEORGIAN"),
    Language("hye", "Armenian", "Armenian", "ARMENIAN"),
    Language("amh", "Amharic", "Ethiopic", "ETHIOPIC"),
    Language("Fraktur", "German in Fraktur", "Fraktur", "LATIN"),
    Language("frk", "German in Fraktur", "Fraktur", "LATIN"),
)


def of_code(code: str) -> Language:
    """The language that Tesseract calls so; one that is not in the list reads whatever its data knows."""
    return next((language for language in LANGUAGES if language.code == code), Language(code, code, "", ""))


def of_script(script: str) -> Language | None:
    """The first language of a script, as Tesseract's detection calls it; None for one that needs no Tesseract."""
    return next((language for language in LANGUAGES if language.script == script), None)
