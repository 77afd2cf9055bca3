"""A world of three domains, and the model of it that the tests ask."""

from aitia.systems.domain_counterfactuals import DomainCounterfactuals
from aitia.worlds.latent_domains import LatentDomainsWorld

WORLD = LatentDomainsWorld(size=4, domains=3, intervened=(3,), world_seed=1)


def fitted(**options):
    rows = WORLD.sample(3000)
    given = {"changing": 1, "steps": 40, "restarts": 2, **options}
    return DomainCounterfactuals(**given).fit(WORLD.render(rows), rows.labels)


def build():
    return fitted(steps=3000, restarts=4)
