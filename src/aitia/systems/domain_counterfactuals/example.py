"""A table from three places whose last mechanism differs between them."""

from pathlib import Path

from aitia.files import write_whole
from aitia.system import Example
from aitia.worlds.latent_domains import LatentDomainsWorld

__all__ = ["write"]


def write(folder: Path, seed: int) -> Example:
    """240 rows of four numbers and the place, and four rows to draw, as CSV files."""
    world = LatentDomainsWorld(size=4, domains=3, intervened=(3,), world_seed=1)
    sample = world.sample(240, seed=seed)
    lines = [
        ",".join([*(repr(float(v)) for v in values), str(label)])
        for values, label in zip(world.render(sample), sample.labels, strict=True)
    ]
    write_whole(folder / "rows.csv", "\n".join(["a,b,c,d,site", *lines, ""]))
    write_whole(folder / "drawn.csv", "site,a,b,c,d\nd0,,,,\nd1,,,,\nd2,,,,\nd0,,,,\n")
    return Example(
        folder / "rows.csv",
        roles={"domain": "site"},
        options={"changing": 1, "steps": 30, "restarts": 1},
        do="do(site=d0)",
        other="do(site=d2)",
        rows=folder / "drawn.csv",
        outcome="d",
        exogenous="do(site=d2)",
    )
