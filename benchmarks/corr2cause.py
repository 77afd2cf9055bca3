"""All questions from correlation to causation beside a plain loop of the published algorithm: one run, equal labels.

OMP_NUM_THREADS=1 python benchmarks/corr2cause.py [--json FILE] [--full]

Both list the DAGs up to renaming, their independences and equivalence classes, what holds in all members of each class,
and write every premise and hypothesis; CPU seconds, nothing remembered from before. The loop goes graph by graph, path
by path and name by name, as the published generator does. Without --full, 6 variables are listed by ours alone.
"""

import sys
from collections import defaultdict
from itertools import chain, combinations, pairwise, permutations
from typing import Any

from _measure import arguments, best, write
from aitia.graph import unlabelled
from aitia.worlds import Corr2CauseWorld, correlation_bank
from aitia.worlds import corr2cause as world_module

LEAST_RATIO = 10
Edges = frozenset[tuple[int, int]]
Apart = frozenset[tuple[int, int, frozenset[int]]]


def plain(n: int) -> tuple[int, int, int]:
    """Classes, questions and those entailed, and every text on the way."""
    pairs = list(combinations(range(n), 2))
    members: dict[Apart, list[Edges]] = defaultdict(list)
    seen: set[Edges] = set()
    for mask in range(1 << len(pairs)):
        edges = frozenset(pair for k, pair in enumerate(pairs) if mask >> k & 1)
        if edges in seen:
            continue
        apart = separations(n, edges)
        for order in permutations(range(n)):
            other = frozenset((order[a], order[b]) for a, b in edges)
            if other not in seen:
                seen.add(other)
                members[renamed(apart, order)].append(other)
    kinds: set[Apart] = set()
    classes = questions = entailed = 0
    for apart, graphs in members.items():
        if apart in kinds:
            continue
        kinds |= {renamed(apart, order) for order in permutations(range(n))}
        classes += 1
        texts = [written(n, apart)]
        held = [relations(n, edges, pairs) for edges in graphs]
        for pair in range(len(pairs)):
            for kind in range(6):
                texts.append(f"{kind} of {pairs[pair]}: {texts[0]}")
                questions += 1
                entailed += all(one[pair][kind] for one in held)
    return classes, questions, entailed


def renamed(apart: Apart, order: Any) -> Apart:
    return frozenset(
        (min(order[x], order[y]), max(order[x], order[y]), frozenset(order[z] for z in given)) for x, y, given in apart
    )


def separations(n: int, edges: Edges) -> Apart:
    below = {k: {k} for k in range(n)}
    for _ in range(n):
        for a, b in edges:
            below[a] |= below[b]
    found = []
    for x, y in combinations(range(n), 2):
        paths = list(simple_paths(n, edges, (x,), y))
        others = [k for k in range(n) if k not in (x, y)]
        sets = chain.from_iterable(combinations(others, size) for size in range(n - 1))
        found += [
            (x, y, frozenset(given))
            for given in sets
            if not any(is_open(path, edges, set(given), below) for path in paths)
        ]
    return frozenset(found)


def simple_paths(n: int, edges: Edges, path: tuple[int, ...], y: int) -> Any:
    for k in range(n):
        if k not in path and ((path[-1], k) in edges or (k, path[-1]) in edges):
            if k == y:
                yield (*path, k)
            else:
                yield from simple_paths(n, edges, (*path, k), y)


def is_open(path: tuple[int, ...], edges: Edges, given: set[int], below: dict[int, set[int]]) -> bool:
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        if (a, b) in edges and (c, b) in edges:
            if not below[b] & given:
                return False
        elif b in given:
            return False
    return True


def relations(n: int, edges: Edges, pairs: list[tuple[int, int]]) -> list[list[bool]]:
    """What the two of each pair are to each other, from the shape of every path between them."""
    found = []
    for x, y in pairs:
        held = [False] * 6
        for path in simple_paths(n, edges, (x,), y):
            ways = "".join(">" if step in edges else "<" for step in pairwise(path))
            shape = ways.replace(">>", ">").replace("<<", "<")
            while shape != (shape := shape.replace(">>", ">").replace("<<", "<")):
                pass
            if len(ways) == 1:
                held[0 if ways == ">" else 2] = True
            elif shape in (">", "<"):
                held[1 if shape == ">" else 3] = True
            elif shape in ("><", "<>"):
                held[4 if shape == "><" else 5] = True
        found.append(held)
    return found


def written(n: int, apart: Apart) -> str:
    names = "ABCDEF"[:n]
    told = [
        f"{names[x]} correlates with {names[y]}."
        for x, y in combinations(range(n), 2)
        if (x, y, frozenset()) not in apart
    ]
    for x, y, given in sorted((x, y, sorted(given)) for x, y, given in apart):
        those = [names[z] for z in given]
        told.append(f"{names[x]} and {names[y]} are independent given {' and '.join(those)}.")
    return " ".join(told)


def ours(n: int) -> tuple[int, int, int]:
    for remembered in (
        unlabelled.unlabelled_dags, unlabelled.unlabelled_classes, correlation_bank.systems, correlation_bank._found,
        world_module._premise, world_module._written,
    ):  # fmt: skip
        remembered.cache_clear()
    world = Corr2CauseWorld(n, n)
    sample = world.every()
    world.parts(sample)
    return len(set(world.groups(sample))), len(sample), int(sample["label"].sum())


def main() -> None:
    args = arguments(__doc__)
    rows, slow = [], []
    for n in (4, 5, 6):
        cpu, _, answer = best(lambda n=n: ours(n), 3)
        row: dict[str, Any] = {"variables": n, "classes": answer[0], "questions": answer[1], "ours": round(cpu, 3)}
        if n < 6 or args.full:
            loop, _, same = best(lambda n=n: plain(n), 1)
            assert same == answer, f"{n} variables: the loop counts {same}, ours {answer}"
            row |= {"loop": round(loop, 3), "ratio": round(loop / cpu, 1)}
            slow += [n] if n > 4 and loop < LEAST_RATIO * cpu else []
        rows.append(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    write(args.json, rows)
    if slow:
        sys.exit(f"less than {LEAST_RATIO} times as fast with {slow} variables")


if __name__ == "__main__":
    main()
