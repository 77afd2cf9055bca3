"""Parts of networks that two or more methods share; knows no method by name."""
