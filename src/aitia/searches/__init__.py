"""What systems that search for a graph by scores have in common: options, evidence for edges, their page.

It knows no system by name. A system is a subclass of `ScoreSearch`.
"""
