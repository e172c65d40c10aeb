"""Formulas rebuilt from the glyphs of pages that TeX made: how near their sources they come, and whether they compile.

    python bench/formulas.py --seed 1 --pages 100 --score ../shared/eval/score.py --out out/formulas

Writes LaTeX pages of invented prose and formulas (from the grammar below and from well-known formulas), has pdflatex
make them, reads them with the embedded engine and scores the result beside pdftotext's. Needs Debian's
texlive-latex-recommended, texlive-fonts-recommended and poppler-utils. Seed 1 is what thresholds are set by; another
one is kept apart.
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

KNOWN = Path(__file__).with_suffix(".txt").read_text().splitlines()  # well-known ones, of any textbook


def listed(text: str) -> list[str]:
    """Words with spaces between them."""
    return text.split()


UPPER_ENDS, TARGETS = listed("n N m \\infty n-1"), listed("0 \\infty")
NEW_ROW = " \\\\ "
LETTERS = listed("a b c d e f g h k m n p q r s t u v w x y z A B C D E F G H K L M N P Q R S T U V W X Y Z")
GREEK = listed(
    "\\alpha \\beta \\gamma \\delta \\epsilon \\zeta \\eta \\theta \\kappa \\lambda \\mu \\nu \\xi \\pi "
    "\\rho \\sigma \\tau \\phi \\chi \\psi \\omega \\Gamma \\Delta \\Theta \\Lambda \\Sigma \\Phi \\Psi "
    "\\Omega \\varphi \\varepsilon"
)
INDICES = listed("i j k n m t 0 1 2 3")
RELATIONS = listed("= = = = = \\leq \\geq \\neq \\approx \\equiv \\sim < > \\in \\subset \\to \\propto")
BINARIES = listed("+ + + - - - \\cdot \\times \\pm \\otimes \\oplus \\cap \\cup")
FUNCTIONS = listed("\\sin \\cos \\tan \\log \\ln \\exp \\det \\max \\min")
ACCENTS = listed("\\hat \\bar \\tilde \\vec \\dot \\ddot \\widehat \\overline")
STYLES = listed("\\mathbf \\mathcal \\mathbb \\mathrm \\mathfrak")
WORDS = listed(
    "the of a is we that this with for from model value result method system number function measure bound which can "
    "between under time each given where then holds every case term order small large space point field rate energy"
)


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
        return (
            f"{name}_{{{self.one(INDICES)}}} {self.scripted(0)}"
            if name in ("\\max", "\\min")
            else f"{name} {self.scripted(0)}"
        )

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
            f"{self.sum(0, 2)} & \\text{{{self.one(['if ', 'for '])}}} {self.letter()} {self.one(RELATIONS)} "
            f"{self.chance.randint(0, 9)}"
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
    for _ in range(chance.randint(3, 5)):
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
    head = f"\\documentclass[{style.options}]{{article}}\n\\usepackage{{amsmath,amssymb}}\n{style.preamble}\n"
    head += "\\pagestyle{empty}\n"
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


def refused(formulas: list[str], out: Path) -> list[str]:
    """The formulas that pdflatex does not accept: each stands in a line of its own, which its error names."""
    source = out / "check.tex"
    head = "\\documentclass{article}\\usepackage{amsmath,amssymb}\\begin{document}"
    lines = [f"\\[ {' '.join(formula.split())} \\]" for formula in formulas]
    source.write_text("\n".join([head, *lines, "\\end{document}", ""]))
    command = ["pdflatex", "-interaction=nonstopmode", source.name]
    said = subprocess.run(command, cwd=out, capture_output=True, check=False, timeout=600).stdout.decode(
        errors="replace"
    )
    numbers = {int(number) for number in re.findall(r"^l\.(\d+)", said, re.MULTILINE)}
    return [formulas[number - 2] for number in sorted(numbers) if 1 < number < len(formulas) + 2]


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
    arguments.add_argument(
        "--score", type=Path, required=True, help="the score.py that lies beside the evaluation data"
    )
    arguments.add_argument("--out", type=Path, default=Path("out/formulas"))
    arguments.add_argument(
        "--compile", action="store_true", help="have pdflatex compile every formula that was rebuilt"
    )
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
            formulas += list(re.findall(r"(?<![\\$])\$([^$\n]+)\$(?!\$)", markdown))
    (chosen.out / str(chosen.seed) / "scores.json").write_text(json.dumps(rows, indent=1))
    print("engine, formula_canon, formula_edit, text_edit, order_edit, word_f1 (means over pages)")
    for engine, scores in rows.items():
        means = [
            statistics.fmean(row[key] for row in scores if key in row)
            if any(key in row for row in scores)
            else float("nan")
            for key in ("formula_canon", "formula_edit", "text_edit", "order_edit", "word_f1")
        ]
        print(engine, *(f"{mean:.4f}" for mean in means))
    if chosen.compile:
        bad = refused(formulas, chosen.out)
        print(f"{len(formulas)} formulas rebuilt, {len(bad)} refused by pdflatex", *bad[:10], sep="\n")


if __name__ == "__main__":
    main()
