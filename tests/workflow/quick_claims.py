"""Three claims of methods that take milliseconds, in a package of their own, and a command that verifies them all.

python quick_claims.py PACKAGES OUT JOBS [--resume]
"""

import sys
from pathlib import Path

CARD = """
from aitia.card import Card, Role

__all__ = ["CARD"]

CARD = Card(
    slug="{slug}", title="{title}", authors=("Tukey",), year=1963, venue="Order Statistics", task="a mean",
    claim="{title} is nearer the centre than the first row.", source="https://doi.org/10.1002/9781118165485",
    home="model:Nothing", takes={{"x": Role(kind="number", about="rows")}},
    does=None, do="nothing: it has no targets", verbs=(),
)
"""
CLAIM = """
import os
import time

import numpy as np

from aitia.evidence import Claim, ClaimContext, row
from quick.{module}.card import CARD


def run(context: ClaimContext):
    found = [context.over_seeds(part, near, {seeds}) for part in "ab"]
    return [
        row(part, "gain", of, bar=0.0, baselines={{"first row": [0.0] * len(of)}})
        for part, of in zip("ab", found)
    ]


def near(seed):
    with open(os.environ["QUICK_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{slug} {{seed}}\\n")
    time.sleep(float(os.environ["QUICK_SECONDS"]))
    x = np.random.default_rng(seed).normal(size=101)
    return float(abs(x[0]) - abs({estimate}))


CLAIM = Claim(CARD, run, minutes={minutes})
"""
QUICK = {
    "quick-median": ("The median", "np.median(x)", 6, 0.3),
    "quick-mean": ("The mean", "x.mean()", 5, 0.1),
    "quick-trimmed": ("The trimmed mean", "np.sort(x)[20:-20].mean()", 7, 0.2),
}
SEEDS = sum(2 * seeds for _, _, seeds, _ in QUICK.values())


def write(folder: Path) -> None:
    """The packages, as pip leaves them."""
    info = folder / "quick-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: quick\nVersion: 0.1\n")
    points = "\n".join(f"{slug} = quick.{slug.replace('-', '_')}" for slug in QUICK)
    (info / "entry_points.txt").write_text(f"[aitia.systems]\n{points}\n")
    (folder / "quick").mkdir()
    (folder / "quick" / "__init__.py").write_text('"""Quick systems."""\n')
    for slug, (title, estimate, seeds, minutes) in QUICK.items():
        module = slug.replace("-", "_")
        place = folder / "quick" / module
        place.mkdir()
        told = {"slug": slug, "module": module, "title": title, "estimate": estimate, "seeds": seeds}
        (place / "__init__.py").write_text('"""A quick system."""\n')
        (place / "card.py").write_text('"""Its card."""\n' + CARD.format(**told))
        (place / "claim.py").write_text('"""Its claim."""\n' + CLAIM.format(**told, minutes=minutes))


def main() -> None:
    """Verifies them all, told that it begins."""
    from aitia.cli.board import live_board
    from aitia.cluster import opened_engine
    from aitia.workflow.verify import claim_of
    from aitia.workflow.verify_all import verify_all

    minutes = {slug: claim_of(slug).minutes for slug in QUICK}
    print("begins", flush=True)
    with opened_engine("local", None, int(sys.argv[3])) as engine, live_board(minutes) as board:
        done = verify_all(minutes, Path(sys.argv[2]), engine=engine, told=board, resume="--resume" in sys.argv)
    for error in done.failed.values():
        raise error
    print(" ".join([e.slug for e in done.evidence]), "kept", *done.kept, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    main()
