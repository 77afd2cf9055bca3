"""The claim does not hold for the plain VAE in the place of a method that is given what it needs."""

import importlib

from aitia.evidence import swap_holds
from aitia.worlds import SlopeWorld

claim = importlib.import_module("aitia.systems.causalverse.claim")


def test_the_row_of_the_ceiling_does_not_hold_for_the_plain_vae(development):
    context = development(3)
    methods = claim._members(context)

    def scores(seed):
        data, latents = claim.seen_images(SlopeWorld(), 1500, seed), len(SlopeWorld().names) + 3
        arms = {"supervised": {"steps": 500}, "vae": {"steps": 300, "latents": latents}}
        return {name: claim.plain(claim.fitted(methods[name], data, seed, **given)) for name, given in arms.items()}

    row = claim._ceiling("slope", context.over_seeds("a slope", scores, 3))
    assert row.holds
    assert swap_holds([row], claim.CLAIM.swap) is False
