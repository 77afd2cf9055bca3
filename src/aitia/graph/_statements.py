"""The lines of background knowledge in text, and the patterns that names of variables fit."""

import re

from aitia.errors import FormatError, GraphError
from aitia.graph.marks import Mark, parse_edges

__all__ = ["fits_entry", "is_pattern", "statement"]


def is_pattern(entry: str) -> bool:
    """Whether an entry stands for names: `*` for any text, `?` for one character."""
    return "*" in entry or "?" in entry


def fits_entry(name: str, entry: str) -> bool:
    """Whether the name is the entry or fits its pattern; brackets are plain text, for names such as x[t-1]."""
    if name == entry or not is_pattern(entry):
        return name == entry
    head, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in entry.split("*"))
    if not rest:
        return re.fullmatch(head, name, re.DOTALL) is not None
    *middle, tail = rest
    # The first place of each middle part is taken for good, so that a pattern of many stars costs no more than one.
    pattern = head + "".join(f"(?>.*?{part})" for part in middle) + ".*" + tail
    return re.fullmatch(pattern, name, re.DOTALL) is not None


def statement(line: str, number: int, tier: int) -> tuple[str, list[tuple[str, str]], list[str]]:
    """The kind of a line with its pairs (cause, effect) or its names; a tier may say that it is number `tier`."""
    where = f"line {number} of the knowledge"
    head, colon, rest = line.partition(":")
    kind = re.sub(rf"(?<=tier) ?{tier}$", "", " ".join(head.split()).lower())
    if colon and (numbered := re.fullmatch(r"(?:exclusive )?tier ?(\d+)", kind)):
        raise FormatError(
            f"{where} is tier {numbered[1]}, and tier {tier} comes next: they are numbered 1, 2, 3, ... in order"
        )
    if not colon or kind not in ("tier", "exclusive tier", "required", "forbidden"):
        raise FormatError(f"{where} starts with 'tier:', 'exclusive tier:', 'required:' or 'forbidden:', got {line!r}")
    try:
        edges, names = parse_edges(rest)
    except GraphError as error:
        raise FormatError(f"{where}: {error}") from None
    if kind.endswith("tier"):
        if edges:
            raise FormatError(f"{where} lists names, got the edge {edges[0]}")
        return kind, [], names
    pairs = []
    for edge in edges:
        turned = edge if edge.left_mark == Mark.TAIL else edge.reversed()
        if (turned.left_mark, turned.right_mark) != (Mark.TAIL, Mark.ARROW):
            raise FormatError(f"{where} lists edges cause -> effect, got {edge}")
        pairs.append((turned.left, turned.right))
    if alone := [name for name in names if not any(name in pair for pair in pairs)]:
        raise FormatError(f"{where} lists edges cause -> effect, got {alone[0]!r} alone")
    return kind, pairs, names
