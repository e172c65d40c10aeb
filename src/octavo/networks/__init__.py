"""The small networks of the embedded engine, one module each: pixels in, nouns of the vocabulary out."""
