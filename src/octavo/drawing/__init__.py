"""Processes that turn bytes into pixels, so that a hostile file can only hurt a process of its own.

PDFium and the picture decoders run in children of ours (`child`, with `pdf`, `scan` and `picture`), which `starting`
starts and the parent reaches through `pool`; what they say to each other is in `wire`. A child may crash, hang or run
out of memory: it is reaped and replaced, and the page that did it gets an error. PDFium is not thread-safe: more speed
means more children.

They import nothing heavy (no numpy, no pydantic): a child starts in about 0.1 s. Only `scan` loads OpenCV, with the
first page that is one picture.
"""
