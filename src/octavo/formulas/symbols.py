"""Characters as LaTeX spells them, with amsmath and amssymb; and what they do in a formula.

Classes as in "The TeXbook", chapter 17: they say where a formula may be broken and aligned, and what may have limits.
"""

import unicodedata
from enum import Enum

from octavo.formulas.encodings import WIDE_HAT, WIDE_TILDE


class Kind(Enum):
    """What a sign does in a formula."""

    ORDINARY = "ordinary"
    LARGE = "large"  # an operator whose limits stand over and under it
    INTEGRAL = "integral"  # one whose limits stand beside it
    BINARY = "binary"
    RELATION = "relation"
    OPENING = "opening"
    CLOSING = "closing"
    FENCE = "fence"  # opening or closing
    PUNCTUATION = "punctuation"
    ACCENT = "accent"
    ROOT = "root"


def _table(kind: Kind, text: str) -> dict[str, tuple[str, Kind]]:
    """Pairs of a character and its name."""
    parts = text.split()
    return {char: (f"\\{name}", kind) for char, name in zip(parts[::2], parts[1::2], strict=True)}


_PLAIN = {char: (char, Kind.BINARY) for char in "+-*"}
_PLAIN |= {char: (char, Kind.RELATION) for char in "=<>:"}
_PLAIN |= {char: (char, Kind.OPENING) for char in "(["} | {char: (char, Kind.CLOSING) for char in ")]"}
_PLAIN |= {char: (char, Kind.PUNCTUATION) for char in ",;"} | {"|": ("|", Kind.FENCE)}
_PLAIN |= {
    "−": ("-", Kind.BINARY),
    "∗": ("*", Kind.BINARY),
    "∣": ("\\mid", Kind.RELATION),
    "\u2215": ("/", Kind.ORDINARY),
}
_PLAIN |= {"–": ("-", Kind.BINARY), "‖": ("\\|", Kind.FENCE), "∥": ("\\|", Kind.FENCE), "⁄": ("/", Kind.ORDINARY)}
_PLAIN |= {
    "{": ("\\{", Kind.OPENING),
    "}": ("\\}", Kind.CLOSING),
    "′": ("'", Kind.ORDINARY),
    "″": ("''", Kind.ORDINARY),
}
_PLAIN |= {"%": ("\\%", Kind.ORDINARY), "#": ("\\#", Kind.ORDINARY), "&": ("\\&", Kind.ORDINARY)}
_PLAIN |= {"$": ("\\$", Kind.ORDINARY), "_": ("\\_", Kind.ORDINARY), "~": ("\\sim", Kind.RELATION)}
_PLAIN |= {"≔": (":=", Kind.RELATION), "≢": ("\\not\\equiv", Kind.RELATION)}
_PLAIN |= {"^": ("\\hat{}", Kind.ORDINARY), "°": ("^{\\circ}", Kind.ORDINARY), "…": ("\\ldots", Kind.ORDINARY)}

# Characters that Unicode has twice, once as a letter and once as a sign.
_PLAIN |= {
    "\u2126": ("\\Omega", Kind.ORDINARY),
    "\u2206": ("\\Delta", Kind.ORDINARY),
    "\u00b5": ("\\mu", Kind.ORDINARY),
}

SYMBOLS: dict[str, tuple[str, Kind]] = {
    **_PLAIN,
    **_table(
        Kind.ORDINARY,
        """Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon ϒ Upsilon Φ Phi Ψ Psi Ω Omega α alpha β beta
        γ gamma δ delta ϵ epsilon ε varepsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa λ lambda μ mu ν nu
        ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau υ upsilon φ varphi ϕ phi χ chi ψ psi ω omega
        ϰ varkappa ϝ digamma ∂ partial ∇ nabla ∞ infty ℓ ell ℏ hbar ħ hbar ℘ wp ℜ Re ℑ Im ℵ aleph ℶ beth ı imath
        ȷ jmath ∅ emptyset ∀ forall ∃ exists ∄ nexists ¬ neg ⊤ top ⊥ perp ∠ angle ∡ measuredangle △ triangle
        □ square ■ blacksquare ♭ flat ♮ natural ♯ sharp ♣ clubsuit ♢ diamondsuit ♡ heartsuit ♠ spadesuit
        \\ backslash ⋯ cdots ⋮ vdots ⋱ ddots ∁ complement ð eth ⅁ Game ‵ backprime ★ bigstar ◊ lozenge
        ⧫ blacklozenge ▲ blacktriangle ▼ blacktriangledown ∴ therefore ∵ because ✓ checkmark § S ¶ P † dagger
        ‡ ddagger ○ bigcirc""",
    ),
    **_table(
        Kind.BINARY,
        """± pm ∓ mp × times ÷ div · cdot ⋅ cdot ∘ circ ◦ circ • bullet ∙ bullet ⋆ star ⊕ oplus ⊖ ominus ⊗ otimes
        ⊘ oslash ⊙ odot ⋄ diamond ∧ wedge ∨ vee ∩ cap ∪ cup ⊎ uplus ⊓ sqcap ⊔ sqcup ≀ wr ∖ setminus ⨿ amalg
        ▷ triangleright ◁ triangleleft ▽ bigtriangledown ⊞ boxplus ⊟ boxminus ⊠ boxtimes ⊡ boxdot ⋉ ltimes ⋊ rtimes
        ∔ dotplus ⊚ circledcirc ⊛ circledast ⊻ veebar ⊼ barwedge""",
    ),
    **_table(
        Kind.RELATION,
        """≤ leq ≥ geq ⩽ leqslant ⩾ geqslant ≦ leqq ≧ geqq ≠ neq ≡ equiv ≈ approx ∼ sim ≃ simeq ≅ cong ≍ asymp ≐ doteq
        ∝ propto ≪ ll ≫ gg ≺ prec ≻ succ ⪯ preceq ⪰ succeq ≼ preccurlyeq ≽ succcurlyeq ⊂ subset ⊃ supset ⊆ subseteq
        ⊇ supseteq ⊊ subsetneq ⊋ supsetneq ⊏ sqsubset ⊐ sqsupset ⊑ sqsubseteq ⊒ sqsupseteq ∈ in ∉ notin ∋ ni ⊢ vdash
        ⊣ dashv ⊨ vDash ⊩ Vdash ⌣ smile ⌢ frown ⋈ bowtie ≲ lesssim ≳ gtrsim ⪅ lessapprox ⪆ gtrapprox ≜ triangleq
        ≶ lessgtr ≷ gtrless ∤ nmid ∦ nparallel ≮ nless ≯ ngtr ≰ nleq ≱ ngeq ⊈ nsubseteq ⊉ nsupseteq ≁ nsim ≇ ncong
        ⊴ trianglelefteq ⊵ trianglerighteq ⊲ vartriangleleft ⊳ vartriangleright ← leftarrow → to ↑ uparrow
        ↓ downarrow ↔ leftrightarrow ↕ updownarrow ⇐ Leftarrow ⇒ Rightarrow ⇑ Uparrow ⇓ Downarrow ⇔ Leftrightarrow
        ⇕ Updownarrow ↗ nearrow ↘ searrow ↖ nwarrow ↙ swarrow ↦ mapsto ↪ hookrightarrow ↩ hookleftarrow
        ⇀ rightharpoonup ⇁ rightharpoondown ↼ leftharpoonup ↽ leftharpoondown ⇌ rightleftharpoons
        ⇋ leftrightharpoons ↠ twoheadrightarrow ↣ rightarrowtail ⇝ rightsquigarrow ⟶ longrightarrow ⟵ longleftarrow
        ⟹ implies ⟸ impliedby ⟺ iff ⟷ longleftrightarrow ⟼ longmapsto ⇄ rightleftarrows ⇆ leftrightarrows
        ⊸ multimap ≎ Bumpeq ≏ bumpeq ≑ doteqdot ≒ fallingdotseq ≓ risingdotseq ⋐ Subset ⋑ Supset ≾ precsim ≿ succsim
        ⪕ eqslantless ⪖ eqslantgtr ∽ backsim ⋔ pitchfork ⇈ upuparrows ⇊ downdownarrows ↭ leftrightsquigarrow""",
    ),
    **_table(Kind.OPENING, "⌊ lfloor ⌈ lceil ⟨ langle 〈 langle ⌜ ulcorner ⌞ llcorner"),
    **_table(Kind.CLOSING, "⌋ rfloor ⌉ rceil ⟩ rangle 〉 rangle ⌝ urcorner ⌟ lrcorner"),
    **_table(Kind.LARGE, "∑ sum ∏ prod ∐ coprod ⋃ bigcup ⋂ bigcap ⨄ biguplus ⋀ bigwedge ⋁ bigvee ⨆ bigsqcup ⨀ bigodot"),
    **_table(Kind.LARGE, "⨁ bigoplus ⨂ bigotimes"),
    **_table(Kind.INTEGRAL, "∫ int ∬ iint ∭ iiint ∮ oint"),
}
# Accents as TeX's fonts have them (spacing) and as Unicode combines them: the LaTeX over one letter, and over more.
ACCENTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys("ˆ\u0302", ("\\hat", "\\widehat")),
    **dict.fromkeys("˜\u0303", ("\\tilde", "\\widetilde")),
    **dict.fromkeys("¯\u0304\u0305ˉ", ("\\bar", "\\overline")),
    **dict.fromkeys("˙\u0307", ("\\dot", "\\dot")),
    **dict.fromkeys("¨\u0308", ("\\ddot", "\\ddot")),
    **dict.fromkeys("ˇ\u030c", ("\\check", "\\check")),
    **dict.fromkeys("˘\u0306", ("\\breve", "\\breve")),
    **dict.fromkeys("´\u0301", ("\\acute", "\\acute")),
    **dict.fromkeys("`\u0300", ("\\grave", "\\grave")),
    **dict.fromkeys("˚\u030a", ("\\mathring", "\\mathring")),
    WIDE_HAT: ("\\widehat", "\\widehat"),
    WIDE_TILDE: ("\\widetilde", "\\widetilde"),
    "\u20d7": ("\\vec", "\\overrightarrow"),
}


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


LIMITS = _listed("lim max min sup inf limsup liminf det gcd Pr argmax argmin")
FUNCTIONS = LIMITS | _listed(
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan log ln lg exp arg dim deg ker hom mod"
)
NEGATED = {"=": "\\neq", "∈": "\\notin", "∃": "\\nexists"}
STYLES = {"rm": "\\mathrm", "bf": "\\mathbf", "bi": "\\boldsymbol", "bb": "\\mathbb", "cal": "\\mathcal"} | {
    "scr": "\\mathcal",
    "frak": "\\mathfrak",
    "sf": "\\mathsf",
    "tt": "\\mathtt",
    "it": "\\mathit",
}
_ALPHABETS = (  # of the mathematical letters of Unicode, U+1D400 to U+1D7FF, by words of their names
    ("DOUBLE-STRUCK", "bb"),
    ("BOLD FRAKTUR", "frak"),
    ("BOLD SCRIPT", "cal"),
    ("FRAKTUR", "frak"),
    ("SCRIPT", "cal"),
    ("MONOSPACE", "tt"),
    ("SANS-SERIF", "sf"),
    ("BOLD ITALIC", "bi"),
    ("BOLD", "bf"),
    ("ITALIC", ""),
)


def plain_letter(char: str) -> tuple[str, str]:
    """A mathematical letter of Unicode as the letter it is, and its style; others as they are, in the style ""."""
    if char in "ℂℍℕℙℚℝℤ":
        return unicodedata.normalize("NFKC", char), "bb"
    if char in "ℬℰℱℋℐℒℳℛ":
        return unicodedata.normalize("NFKC", char), "cal"
    if char == "ℎ":
        return "h", ""
    if not "\U0001d400" <= char <= "\U0001d7ff":
        return char, ""
    name = unicodedata.name(char, "")
    style = next((style for words, style in _ALPHABETS if words in name), "")
    letter = unicodedata.normalize("NFKC", char)
    if "MATHEMATICAL" in name and "EPSILON SYMBOL" in name:
        letter = "ϵ"
    elif "PHI SYMBOL" in name:
        letter = "ϕ"
    elif "THETA SYMBOL" in name:
        letter = "ϑ"
    return letter, style
