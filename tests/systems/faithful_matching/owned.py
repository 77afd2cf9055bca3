"""The page takes a classifier, edits and a language model behind an address for granted: nothing of it runs here."""

NEEDS = ""
