"""Formulas rebuilt from the glyphs of pages that TeX made: how near they come to their sources, and whether they compile.

    python bench/formulas.py --seed 1 --pages 100 --score ../shared/eval/score.py --out out/formulas

Writes LaTeX pages of invented prose and formulas (from the grammar below and from well-known formulas), has pdflatex
make them, reads them with the embedded engine and scores the result beside pdftotext's. Needs Debian's texlive-latex-
recommended, texlive-fonts-recommended and poppler-utils. Seed 1 is what thresholds are set by; another one is kept apart.
"""

import argparse
import importlib.util
import json
import random
import re
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import octavo

KNOWN = r"""
E = mc^2
e^{i\pi} + 1 = 0
\nabla \cdot \mathbf{E} = \frac{\rho}{\varepsilon_0}
\nabla \times \mathbf{B} = \mu_0 \mathbf{J} + \mu_0 \varepsilon_0 \frac{\partial \mathbf{E}}{\partial t}
i\hbar \frac{\partial}{\partial t} \Psi(x,t) = \left[ -\frac{\hbar^2}{2m} \frac{\partial^2}{\partial x^2} + V(x,t) \right] \Psi(x,t)
P(A \mid B) = \frac{P(B \mid A) P(A)}{P(B)}
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
\int_{-\infty}^{\infty} e^{-x^2} \, dx = \sqrt{\pi}
\zeta(s) = \sum_{n=1}^{\infty} \frac{1}{n^s} = \prod_{p} \frac{1}{1 - p^{-s}}
\hat{f}(\xi) = \int_{\mathbb{R}} f(x) e^{-2\pi i x \xi} \, dx
\lim_{n \to \infty} \left( 1 + \frac{1}{n} \right)^n = e
\rho \left( \frac{\partial \mathbf{u}}{\partial t} + \mathbf{u} \cdot \nabla \mathbf{u} \right) = -\nabla p + \mu \nabla^2 \mathbf{u}
R_{\mu\nu} - \frac{1}{2} R g_{\mu\nu} + \Lambda g_{\mu\nu} = \frac{8 \pi G}{c^4} T_{\mu\nu}
\mathcal{L} = \bar{\psi} (i \gamma^\mu D_\mu - m) \psi - \frac{1}{4} F_{\mu\nu} F^{\mu\nu}
\oint_C \mathbf{F} \cdot d\mathbf{r} = \iint_S (\nabla \times \mathbf{F}) \cdot d\mathbf{S}
f(x) = \sum_{n=0}^{\infty} \frac{f^{(n)}(a)}{n!} (x-a)^n
\frac{d}{dt} \frac{\partial L}{\partial \dot{q}_i} - \frac{\partial L}{\partial q_i} = 0
\mathrm{KL}(p \| q) = \sum_{x} p(x) \log \frac{p(x)}{q(x)}
\theta^{*} = \arg\max_{\theta} \sum_{i=1}^{N} \log p(y_i \mid x_i; \theta)
\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left( \frac{QK^T}{\sqrt{d_k}} \right) V
\mathbb{E}_{x \sim p} \left[ f(x) \right] \approx \frac{1}{N} \sum_{i=1}^{N} f(x_i)
\det(A - \lambda I) = \begin{vmatrix} a - \lambda & b \\ c & d - \lambda \end{vmatrix} = 0
|x| = \begin{cases} x & \text{if } x \geq 0 \\ -x & \text{otherwise} \end{cases}
A = \begin{pmatrix} a_{11} & a_{12} & \cdots & a_{1n} \\ a_{21} & a_{22} & \cdots & a_{2n} \\ \vdots & \vdots & \ddots & \vdots \\ a_{m1} & a_{m2} & \cdots & a_{mn} \end{pmatrix}
\begin{bmatrix} x' \\ y' \end{bmatrix} = \begin{bmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{bmatrix} \begin{bmatrix} x \\ y \end{bmatrix}
(a+b)^n = \sum_{k=0}^{n} \binom{n}{k} a^{n-k} b^k
\| x + y \|^2 \leq \left( \| x \| + \| y \| \right)^2
\forall \varepsilon > 0 \; \exists \delta > 0 : |x - a| < \delta \Rightarrow |f(x) - f(a)| < \varepsilon
\sigma(z) = \frac{1}{1 + e^{-z}}, \qquad \sigma'(z) = \sigma(z) (1 - \sigma(z))
\overline{z_1 + z_2} = \overline{z_1} + \overline{z_2}
\underbrace{1 + 1 + \cdots + 1}_{n} = n
\sqrt[n]{x_1 x_2 \cdots x_n} \leq \frac{x_1 + x_2 + \cdots + x_n}{n}
\frac{\partial^2 u}{\partial t^2} = c^2 \left( \frac{\partial^2 u}{\partial x^2} + \frac{\partial^2 u}{\partial y^2} \right)
\pi = 3 + \cfrac{1^2}{6 + \cfrac{3^2}{6 + \cfrac{5^2}{6 + \cdots}}}
A \cap B = \emptyset \iff A \subseteq B^c
\Gamma(z) = \int_0^\infty t^{z-1} e^{-t} \, dt
f^{-1}(B) = \{ x \in X : f(x) \in B \}
H(X) = -\sum_{x \in \mathcal{X}} p(x) \log_2 p(x)
\bigcup_{i \in I} A_i = \left\{ x \mid \exists i \in I, \; x \in A_i \right\}
\left\langle \phi \middle| \hat{H} \middle| \psi \right\rangle = \int \phi^* \hat{H} \psi \, d^3 r
\mathrm{Var}(X) = \mathbb{E}[X^2] - (\mathbb{E}[X])^2
\left. \frac{df}{dx} \right|_{x=0} = \lim_{h \to 0} \frac{f(h) - f(0)}{h}
S_n = \left\lfloor \frac{n}{2} \right\rfloor + \left\lceil \frac{n}{2} \right\rceil = n
\vec{F} = q \left( \vec{E} + \vec{v} \times \vec{B} \right)
\prod_{\substack{i=1 \\ i \neq j}}^{n} (x_i - x_j)
\mathrm{CO_2} + \mathrm{H_2O} \rightleftharpoons \mathrm{H_2CO_3}
\tilde{\mathbf{x}}_t = \sqrt{\bar{\alpha}_t} \mathbf{x}_0 + \sqrt{1 - \bar{\alpha}_t} \boldsymbol{\epsilon}
\nabla_\theta J(\theta) = \mathbb{E}_{\pi_\theta} \left[ \sum_{t=0}^{T} \nabla_\theta \log \pi_\theta(a_t \mid s_t) A(s_t, a_t) \right]
\min_{G} \max_{D} V(D, G) = \mathbb{E}_{x \sim p_{\mathrm{data}}} [\log D(x)]
\widehat{\beta} = (X^\top X)^{-1} X^\top y
""".strip().split("\n")

UPPER_ENDS, TARGETS = "n N m \\infty n-1".split(), "0 \\infty".split()
NEW_ROW = " \\\\ "
LETTERS = "a b c d e f g h k m n p q r s t u v w x y z A B C D E F G H K L M N P Q R S T U V W X Y Z".split()
GREEK = [f"\\{name}" for name in "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi "
         "chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega varphi varepsilon".split()]  # fmt: skip
INDICES = "i j k n m t 0 1 2 3".split()
RELATIONS = "= = = = = \\leq \\geq \\neq \\approx \\equiv \\sim < > \\in \\subset \\to \\propto".split()
BINARIES = "+ + + - - - \\cdot \\times \\pm \\otimes \\oplus \\cap \\cup".split()
FUNCTIONS = "\\sin \\cos \\tan \\log \\ln \\exp \\det \\max \\min".split()
ACCENTS = "\\hat \\bar \\tilde \\vec \\dot \\ddot \\widehat \\overline".split()
STYLES = "\\mathbf \\mathcal \\mathbb \\mathrm \\mathfrak".split()
WORDS = (
    "the of a is we that this with for from model value result method system number function measure bound which can "
    "between under time each given where then holds every case term order small large space point field rate energy"
).split()


class Grammar:
    """Formulas made at random; the same seed makes the same ones."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def one(self, parts: list[str]) -> str:
        return self.chance.choice(parts)

    def letter(self) -> str:
        return self.one(GREEK) if self.chance.random() < 0.35 else self.one(LETTERS)

    def atom(self, depth: int) -> str:
        roll = self.chance.random()
        if roll < 0.12:
            return str(self.chance.randint(1, 99))
        if roll < 0.2:
            return f"{self.one(ACCENTS)}{{{self.letter()}}}"
        if roll < 0.26:
            return f"{self.one(STYLES)}{{{self.one([letter for letter in LETTERS if letter.isupper()])}}}"
        if roll < 0.34 and depth:
            return f"{self.letter()}({self.sum(depth - 1, 1)})"
        if roll < 0.38:
            return self.one(["\\infty", "\\partial", "\\nabla", "\\ell", "\\emptyset", "\\hbar"])
        return self.letter()

    def scripted(self, depth: int) -> str:
        base, roll = self.atom(depth), self.chance.random()
        if roll < 0.22:
            return f"{base}_{{{self.index(depth)}}}"
        if roll < 0.4:
            return f"{base}^{{{self.index(depth)}}}"
        if roll < 0.48:
            return f"{base}_{{{self.one(INDICES)}}}^{{{self.index(depth)}}}"
        return f"{base}'" if roll < 0.51 and base.isalpha() else base

    def index(self, depth: int) -> str:
        roll = self.chance.random()
        if roll < 0.55 or not depth:
            return self.one(INDICES)
        return self.one([f"{self.one(INDICES)}+1", "n-1", "ij", f"-{self.one(INDICES)}", self.scripted(0), "i,j", "2n"])

    def term(self, depth: int) -> str:
        makers: list[tuple[float, Callable[[int], str]]] = [
            (5, self.scripted), (1.4, self.fraction), (0.7, self.root), (0.9, self.large), (0.6, self.integral),
            (0.8, self.fenced), (0.7, self.function), (0.25, self.binomial), (0.2, self.brace), (0.3, self.limit),
        ]  # fmt: skip
        weights = [weight if depth or maker == self.scripted else 0 for weight, maker in makers]
        return self.chance.choices([maker for _, maker in makers], weights)[0](max(0, depth - 1))

    def sum(self, depth: int, longest: int = 3) -> str:
        terms = [self.term(depth) for _ in range(self.chance.randint(1, longest))]
        text = terms[0]
        for term in terms[1:]:
            text += f" {self.one(BINARIES)} {term}" if self.chance.random() < 0.75 else f" {term}"
        return text

    def fraction(self, depth: int) -> str:
        return f"\\frac{{{self.sum(depth, 2)}}}{{{self.sum(depth, 2)}}}"

    def root(self, depth: int) -> str:
        return f"\\sqrt{'[3]' if self.chance.random() < 0.15 else ''}{{{self.sum(depth, 2)}}}"

    def large(self, depth: int) -> str:
        name = self.one(["\\sum", "\\sum", "\\prod", "\\bigcup", "\\bigoplus"])
        upper = f"^{{{self.one(UPPER_ENDS)}}}" if self.chance.random() < 0.7 else ""
        lower = self.one([f"{self.one(['i', 'j', 'k'])}={self.chance.randint(0, 2)}", "i \\in I", "k", "i<j"])
        return f"{name}_{{{lower}}}{upper} {self.scripted(depth)}"

    def integral(self, depth: int) -> str:
        ends = self.one(["", "_{0}^{1}", "_{a}^{b}", "_{0}^{\\infty}", "_{\\Omega}", "_{-\\infty}^{x}"])
        return f"\\int{ends} {self.sum(depth, 2)} \\, d{self.one(['x', 't', 'u'])}"

    def fenced(self, depth: int) -> str:
        left, right = self.one(["( )", "( )", "[ ]", "\\{ \\}", "| |", "\\langle \\rangle"]).split()
        power = f"^{{{self.one(INDICES)}}}" if self.chance.random() < 0.4 else ""
        return f"\\left{left} {self.sum(depth, 2)} \\right{right}{power}"

    def function(self, depth: int) -> str:
        name = self.one(FUNCTIONS)
        return f"{name}_{{{self.one(INDICES)}}} {self.scripted(0)}" if name in ("\\max", "\\min") else f"{name} {self.scripted(0)}"

    def binomial(self, depth: int) -> str:
        return f"\\binom{{{self.one(['n', 'm', 'n+1'])}}}{{{self.one(['k', 'r', 'k-1'])}}}"

    def brace(self, depth: int) -> str:
        name, side = self.one(["\\underbrace _", "\\overbrace ^"]).split()
        return f"{name}{{{self.sum(0, 3)}}}{side}{{{self.one(INDICES)}}}"

    def limit(self, depth: int) -> str:
        return f"\\lim_{{{self.one(['x', 'n', 't'])} \\to {self.one(TARGETS)}}} {self.scripted(depth)}"

    def matrix(self) -> str:
        kind = self.one(["pmatrix", "bmatrix", "vmatrix"])
        columns = self.chance.randint(1, 3)
        rows = [" & ".join(self.scripted(0) for _ in range(columns)) for _ in range(self.chance.randint(2, 3))]
        return f"\\begin{{{kind}}} {NEW_ROW.join(rows)} \\end{{{kind}}}"

    def cases(self) -> str:
        rows = [
            f"{self.sum(0, 2)} & \\text{{{self.one(['if ', 'for '])}}} {self.letter()} {self.one(RELATIONS)} {self.chance.randint(0, 9)}"
            for _ in range(self.chance.randint(1, 2))
        ]
        rows.append(f"{self.letter()} & \\text{{otherwise}}")
        return f"\\begin{{cases}} {NEW_ROW.join(rows)} \\end{{cases}}"

    def display(self) -> str:
        """One displayed formula without its environment."""
        roll = self.chance.random()
        left = self.scripted(1)
        if roll < 0.08:
            return f"{left} = {self.matrix()}"
        if roll < 0.14:
            return f"{left} = {self.cases()}"
        if roll < 0.4:
            return self.one(KNOWN)
        text = f"{left} {self.one(RELATIONS)} {self.sum(2)}"
        return f"{text} {self.one(RELATIONS)} {self.sum(1, 2)}" if self.chance.random() < 0.25 else text

    def inline(self) -> str:
        roll = self.chance.random()
        if roll < 0.35:
            return self.scripted(0)
        if roll < 0.6:
            return f"{self.scripted(0)} {self.one(RELATIONS)} {self.scripted(0)}"
        return f"{self.scripted(0)} {self.one(RELATIONS)} {self.sum(1, 2)}"


@dataclass(frozen=True)
class Style:
    """How a page is set."""

    name: str
    preamble: str
    options: str = ""


STYLES_OF_PAGES = (
    Style("plain", ""),
    Style("large", "", "12pt"),
    Style("two columns", "", "twocolumn"),
    Style("numbers left", "", "leqno,11pt"),
    Style("from the left", "", "fleqn"),
    Style("Times", "\\usepackage{txfonts}"),
    Style("Palatino", "\\usepackage{mathpazo}"),
)


def page(grammar: Grammar, style: Style) -> tuple[str, str]:
    """A page's LaTeX, and what a reader should make of it in Markdown."""
    chance = grammar.chance
    body: list[str] = []
    wanted: list[str] = []

    def prose() -> None:
        words: list[str] = []
        for _ in range(chance.randint(14, 34)):
            words.append(f"${grammar.inline()}$" if chance.random() < 0.13 else chance.choice(WORDS))
        text = " ".join(words)
        body.append(f"{text[0].upper()}{text[1:]}.")
        wanted.append(body[-1])

    prose()
    for number in range(chance.randint(3, 5)):
        roll = chance.random()
        narrow = style.name == "two columns"
        if roll < 0.15 and not narrow:
            rows = [(grammar.scripted(1), grammar.sum(1, 2)) for _ in range(chance.randint(2, 3))]
            mine = NEW_ROW.join(f"{left} &= {right}" for left, right in rows)
            body.append(f"\\begin{{align*}}\n{mine}\n\\end{{align*}}")
            wanted.append(f"$$\\begin{{aligned}} {mine} \\end{{aligned}}$$")
        else:
            formula = grammar.display()
            while narrow and len(formula) > 60:
                formula = grammar.display()
            body.append(f"\\begin{{equation}}\n{formula}\n\\end{{equation}}" if roll < 0.6 else f"\\[ {formula} \\]")
            wanted.append(f"$${formula}$$")
        prose()
    source = "\n\n".join(body).replace("\n\n\\[", "\n\\[").replace("\n\n\\begin", "\n\\begin")
    head = f"\\documentclass[{style.options}]{{article}}\n\\usepackage{{amsmath,amssymb}}\n{style.preamble}\n\\pagestyle{{empty}}\n"
    return f"{head}\\begin{{document}}\n{source}\n\\end{{document}}\n", "\n\n".join(wanted)


def made(seed: int, pages: int, out: Path) -> list[Path]:
    """The pages' PDFs; beside each its source and what is expected."""
    grammar = Grammar(random.Random(seed))
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(pages):
        source, wanted = page(grammar, STYLES_OF_PAGES[number % len(STYLES_OF_PAGES)])
        name = out / f"page{number:03d}.tex"
        name.write_text(source)
        name.with_suffix(".gt.md").write_text(wanted)
        if not name.with_suffix(".pdf").exists():
            compiled(name)
        if name.with_suffix(".pdf").exists():
            found.append(name.with_suffix(".pdf"))
    return found


def compiled(source: Path) -> bool:
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", source.name]
    return subprocess.run(command, cwd=source.parent, capture_output=True, check=False, timeout=60).returncode == 0


def all_compile(formulas: list[str], out: Path) -> list[str]:
    """The formulas that pdflatex does not accept."""
    refused = []
    for formula in formulas:
        source = out / "check.tex"
        source.write_text(
            "\\documentclass{article}\\usepackage{amsmath,amssymb,mathrsfs}\\begin{document}\n"
            f"\\[ {formula} \\]\n\\end{{document}}\n"
        )
        if not compiled(source):
            refused.append(formula)
    return refused


def scorer(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"no scorer at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--pages", type=int, default=50)
    arguments.add_argument("--score", type=Path, required=True, help="the score.py that lies beside the evaluation data")
    arguments.add_argument("--out", type=Path, default=Path("out/formulas"))
    arguments.add_argument("--compile", action="store_true", help="have pdflatex compile every formula that was rebuilt")
    chosen = arguments.parse_args()
    score = scorer(chosen.score)
    pages = made(chosen.seed, chosen.pages, chosen.out / str(chosen.seed))
    rows: dict[str, list[dict[str, float]]] = {"octavo": [], "pdftotext": []}
    formulas: list[str] = []
    with octavo.Parser() as parser:
        for pdf in pages:
            wanted = {"md": pdf.with_suffix(".gt.md").read_text()}
            markdown = octavo.to_markdown(parser.parse(pdf))
            pdf.with_suffix(".octavo.md").write_text(markdown)
            text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
            for engine, said in (("octavo", markdown), ("pdftotext", text)):
                rows[engine].append(score.score_doc(wanted, said) | {"page": pdf.stem})
            formulas += [found.strip() for found in re.findall(r"\$\$(.+?)\$\$", markdown, re.DOTALL)]
            formulas += [found for found in re.findall(r"(?<![\\$])\$([^$\n]+)\$(?!\$)", markdown)]
    (chosen.out / str(chosen.seed) / "scores.json").write_text(json.dumps(rows, indent=1))
    print("engine, formula_canon, formula_edit, text_edit, order_edit, word_f1 (means over pages)")
    for engine, scores in rows.items():
        means = [
            statistics.fmean(row[key] for row in scores if key in row) if any(key in row for row in scores) else float("nan")
            for key in ("formula_canon", "formula_edit", "text_edit", "order_edit", "word_f1")
        ]
        print(engine, *(f"{mean:.4f}" for mean in means))
    if chosen.compile:
        refused = all_compile(formulas, chosen.out)
        print(f"{len(formulas)} formulas rebuilt, {len(refused)} refused by pdflatex", *refused[:10], sep="\n")


if __name__ == "__main__":
    main()
