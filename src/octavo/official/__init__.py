"""The official GLM-OCR SDK's rules, for the profile `official` and its detector: pure, and tested against it."""
