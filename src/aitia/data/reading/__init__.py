"""What people have in files and folders, one file a format; `aitia.data.read` finds out which it is.

A file of rows of a table is one of `separated`, `lines`, `binary` and `excel`, each with a function `columns`, and one
line in `aitia.data.tables`. The others give whole rows: a `Table`, `Clips`, `Tracks` or `Recordings`.
"""
