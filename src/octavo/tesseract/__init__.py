"""Tesseract, where it is installed: it reads the lines whose script the embedded reader does not know.

`program` runs it, `languages` says what it can be asked for, `reader` which lines it gets, and in which language.
"""
