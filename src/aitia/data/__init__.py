"""Rows as people have them: tables, clips, tracks, recordings, and the small files that ship with the package."""
