"""The rows of `limits.py`, by what they do."""
