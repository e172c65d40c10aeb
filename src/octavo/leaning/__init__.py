"""How a crooked or photographed page leans, fans out and curls, seen from its lines. Pure: pixels in, nouns out.

`marks` finds pieces of lines on a small copy of the page; `rows` and `columns` say which way they run, by how well
things fall into line (`sharpness`); `bend` makes a `Warp` of that, and `flattening` draws the page straight.
"""
