"""What words say by themselves, wherever they stand: one module for each question, asked by every stage alike.

Patterns only, in the languages that documents come in; where words stand and how large they are set is for who asks.
Whether a script is written from the right or without spaces is asked of `glyphs.scripts`.
"""
