"""The geometry of a page, without a network: lines to rows, paragraphs, labels, figures and an order to read them in.

Everything here is pure. Distances are pixels of a picture, because 0..1000 units differ in x and y; what counts is
measured in the size of the type, so that the resolution a page was drawn at does not matter.
"""
