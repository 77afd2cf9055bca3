"""Domain counterfactuals: 20 steps on 600 rows of a world of latent domains, and a few on pictures of two domains."""

import numpy as np

from aitia.data.table import Table
from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.worlds.latent_domains import LatentDomainsWorld


def numbers() -> dict[str, list[float] | float | str]:
    world = LatentDomainsWorld(size=4, domains=3, intervened=(3,), world_seed=1)
    rows, fresh = world.sample(600), world.sample(5, seed=7)
    x, asked = world.render(rows), world.render(fresh)
    made: dict[str, list[float] | float | str] = {}
    for name, options in {
        "default": {},
        "canonical": {"mixing": "linear", "structure": "canonical"},
        "coupling": {"mixing": "coupling", "structure": "dense", "steps": 3},  # rounding grows fast in its training
    }.items():
        model = DomainCounterfactuals(**{"changing": 1, "steps": 20, "restarts": 2, **options}).fit(x, rows.labels)
        answer = model.counterfactual(asked, "do(domain=d2)", domain=fresh.labels)
        made[f"{name}_loss"] = model.history.losses[-1]["loss"]
        made[f"{name}_counterfactual"] = answer.matrix(("x0", "x1", "x2", "x3")).ravel().tolist()
        made[f"{name}_encode"] = model.encode(asked, fresh.labels).matrix()[:2].ravel().tolist()
        made[f"{name}_log_likelihood"] = model.log_likelihood(asked, fresh.labels).tolist()
        drawn = model.do(domain="d1").sample(2, seed=3)
        made[f"{name}_sample"] = drawn.matrix(("x0", "x1", "x2", "x3")).ravel().tolist()
        made[f"{name}_other_start"] = model.from_start(1).encode(asked, fresh.labels).matrix()[0].tolist()
    rng = np.random.default_rng(0)
    domain = np.arange(40) % 2
    pictures = np.clip(rng.normal(90 + 60 * domain[:, None, None, None], 30, (40, 8, 8, 3)), 0, 255).astype(np.uint8)
    rows = Table.of({"image": pictures, "domain": np.array(["a", "b"])[domain]})
    seen = DomainCounterfactuals(changing=1, steps=4, restarts=1, latents=4, width=8).fit(rows)
    few = rows.take(np.arange(4))
    made["images_loss"] = seen.history.losses[-1]["loss"]
    made["images_encode"] = seen.encode(few).matrix().ravel().tolist()
    return made
