"""Formulas as LaTeX from the glyphs and rules of a page: pure. `docs/formulas.md` tells how."""
