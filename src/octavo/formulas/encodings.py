"""Which character a glyph of a mathematical font is, where the PDF does not say.

TeX writes its fonts without a table of characters. PDFium knows most of their glyphs by name; for the rest it hands on
the glyph's code, flagged as unmapped. What stands at a code is fixed by the font's encoding: OMX (large symbols), OMS
(symbols) and OML (math italic) after "The TeXbook", appendix F, and Knuth's font sources. Pieces of tall delimiters are
told by the private codes of Adobe's glyph list; what txfonts adds is in its style file. MT Extra is MathType's font,
after the list of its characters that comes with the program.
"""

import re
from enum import Enum


class Encoding(Enum):
    """How a font of TeX is encoded."""

    OML = "math italic"
    OMS = "symbols"
    OMX = "large symbols"
    MT_EXTRA = "MathType's symbols"
    TX_RELATIONS = "further relations of txfonts and pxfonts"
    TX_INTEGRALS = "further large symbols of txfonts and pxfonts"


# Signs and pieces of signs, as characters that look like them and that nothing else in these fonts is.
WIDE_HAT, WIDE_TILDE = "\u02c4", "\u02f7"
ROOT_PIECES = "\u23b7\u23b8\u23be"  # foot, upright, top
BRACE_FILLING = "\u2500"
BRACE_PIECES = "\u256d\u256e\u2570\u256f"  # ends and middles of a horizontal brace; the first or third stands left
NOT, MAPS, HOOK_LEFT, HOOK_RIGHT = "\u0338", "\u27dd", "\u2e26", "\u2e27"  # parts that are drawn over or beside others

# Large symbols: three to five sizes of each delimiter follow one another.
_BIG = dict(enumerate("()[]⌊⌋⌈⌉{}⟨⟩|‖/\\"))
_BIG |= {0x10 + code: char for code, char in enumerate("()()[]⌊⌋⌈⌉{}⟨⟩/\\")}
_BIG |= {0x20 + code: char for code, char in enumerate("()[]⌊⌋⌈⌉{}⟨⟩/\\/\\")}
_BIG |= {0x30 + code: char for code, char in enumerate("⎛⎞⎡⎤⎣⎦⎢⎥⎧⎫⎩⎭⎨⎬⎪│")}
_BIG |= {0x40 + code: char for code, char in enumerate("⎝⎠⎜⎟⟨⟩⨆⨆∮∮⨀⨀⨁⨁⨂⨂")}
_BIG |= {0x50 + code: char for code, char in enumerate("∑∏∫⋃⋂⨄⋀⋁∑∏∫⋃⋂⨄⋀⋁")}
_BIG |= {0x60 + code: char for code, char in enumerate(f"∐∐{WIDE_HAT * 3}{WIDE_TILDE * 3}[]⌊⌋⌈⌉{{}}")}
_BIG |= {0x70 + code: char for code, char in enumerate(f"√√√√{ROOT_PIECES}‖↑↓{BRACE_PIECES}⇑⇓")}

_CODES = {
    Encoding.OMX: _BIG,
    Encoding.OMS: {0x37: MAPS},
    Encoding.OML: {0x2C: HOOK_LEFT, 0x2D: HOOK_RIGHT},
    Encoding.TX_RELATIONS: {17: "≐", 27: "≅", 44: "≠", 46: "≢", 47: "≁", 60: "∉", 66: "≔"},
    Encoding.TX_INTEGRALS: {32: BRACE_FILLING, 33: "∬", 34: "∬", 35: "∭", 36: "∭"},
    Encoding.MT_EXTRA: dict(
        zip(b"KLMNOhlmCIUo", ("…", "⋯", "⋮", "⋰", "⋱", "ℏ", "ℓ", "∓", "∐", "⋂", "⋃", "∘"), strict=True)
    ),
}
# Pieces as Adobe's glyph list has them, "parenlefttp" and so on.
_ADOBE = {0xF8E6: "│"} | {0xF8EB + n: char for n, char in enumerate("⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪")}
_ADOBE |= {0xF8F6 + n: char for n, char in enumerate("⎞⎟⎠⎤⎥⎦⎫⎬⎭⎪")}

_NAMES = (
    (re.compile(r"[tp]xsyc", re.IGNORECASE), Encoding.TX_RELATIONS),
    (re.compile(r"[tp]xexa", re.IGNORECASE), Encoding.TX_INTEGRALS),
    (re.compile(r"(?:CMEX|LMMathExt|[tp]xex|MTEX|EUEX|rpxex|NewTXEX)", re.IGNORECASE), Encoding.OMX),
    (re.compile(r"(?:CMB?SY|LMMathSym|[tp]xsy(?![ab])|MTSY|NewTXSY)", re.IGNORECASE), Encoding.OMS),
    (re.compile(r"(?:CMMI|LMMathIt|r?[tp]xmi|R?MTMI|NewTXMI)", re.IGNORECASE), Encoding.OML),
    (re.compile(r"MT-?Extra", re.IGNORECASE), Encoding.MT_EXTRA),
)


def encoding_named(font: str) -> Encoding | None:
    """By a font's name, without the letters that mark a subset."""
    return next((encoding for name, encoding in _NAMES if name.match(font)), None)


def character(code: int, encoding: Encoding | None, *, mapped: bool) -> str | None:
    """The character that a code stands for in a font for formulas; None where nobody knows."""
    if code in _ADOBE:
        return _ADOBE[code]
    if encoding is Encoding.MT_EXTRA:
        return _CODES[encoding].get(code & 0xFF)
    return None if mapped or encoding is None else _CODES[encoding].get(code) or _as_written(code, encoding)


def _as_written(code: int, encoding: Encoding) -> str | None:
    """A comma of OML has the code of a hook in the same font: whoever asked for one was told it of both."""
    return chr(code) if encoding is Encoding.OML and 0x20 < code < 0x7F else None
