"""The claim of the causalverse suite: what each method recovers, and only where its assumption is given.

(a) Slope, spring and refraction: the supervised ceiling, multi-view contrast and sufficient change, beside the plain
    VAE. Multi-view sees every id from four cameras, the others see the front.
(b) The assumption switch: iVAE with ten environments, nine of which differ from the first, beside the plain VAE, and
    with the environments shuffled. On independent latents; and on the spring, scored on the causes, which are as many
    as the latents there, since the effect follows from them.
(c) TDRL beside the VAE of frames, on a process of lag 1 whose noise the past modulates, and on independent frames.
(d) IDOL beside TDRL on a process with edges within a frame: which edges are found.
(e) The switch of (b), and the ceiling of (a), on images of a cart and its pole that gymnasium draws, see `cart`.

As in the suite, images are seen through frozen features: there a ResNet18's, here the 64 leading principal components
of 32 x 32 pixels, taken from a thousand of the images and no label. Elsewhere the latents are seen through a random
invertible map, in the place of the codes of a frozen autoencoder. Codes are scored on held-out ids.

Bars of (a) and (b) are those of the card, (d) asks to be ahead at all. With three seeds, which were run before, no
difference between methods was sure; now there are five, and ten from (b) on. Those of (e) are those of the same rows
of (a) and (b); range, squares and updates were set on seed 1000, so that the VAE finds the block.

Controls: (a) and (e) the supervised ceiling with its labels dealt out anew among the images; (b) and (e) iVAE with the
environments dealt out anew, as in every seed; (c) TDRL where the frames of each clip stand in random order.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.evidence import Claim, ClaimContext, Row, row
from aitia.representations.transitions import TransitionMethod
from aitia.stats.metrics import mcc
from aitia.systems.causalverse.cart import NEEDS, has_cart, images_of_cart
from aitia.systems.causalverse.model import CausalVerse
from aitia.systems.causalverse.seen import HELD_OUT, SeenRows, fitted, plain, process, seen_images, shuffled
from aitia.worlds import LatentProcessWorld, ProcessConfig, RefractionWorld, SceneConfig, SlopeWorld, SpringWorld
from aitia.worlds.static_scenes import StaticWorld

__all__ = ["CLAIM"]

Members = Mapping[str, type[Any]]
SCENES: Mapping[str, type[StaticWorld]] = {"slope": SlopeWorld, "spring": SpringWorld, "refraction": RefractionWorld}
VIEWS = ("front", "left", "back", "bird")
ENVIRONMENTS, FRAMES, LABELS = "environments shuffled", "frames in random order", "labels shuffled"
BLOCKS = ("multi-view", "sufficient-change")
SWITCH, TIME, GAP = "MCC of iVAE, ten environments", "lag 1, modulated noise", "{}: R2 - MCC of {}"
CEILING, OF_CART = "cart: MCC of the supervised ceiling", "cart: MCC of iVAE, ten environments"
MATCHED = (
    "MCC is the one-to-one matching of the suite's README; its code for videos lets a latent serve several variables. "
    "No variable of the scenes is an angle that wraps, a category or constant."
)
OF_IMAGES = "spring, images: MCC of iVAE, ten environments"


def run(context: ClaimContext) -> list[Row]:
    """All parts."""
    _controls(context)
    return [*_part_a(context), *_part_b(context), *_part_c(context), *_part_d(context), *_part_e(context)]


def _controls(context: ClaimContext) -> None:
    context.control(LABELS, partial(_labels_shuffled, _members(context)))
    context.control(ENVIRONMENTS, partial(_environments_shuffled, _members(context)))
    context.control(FRAMES, partial(_frames_shuffled, _members(context)))


def _members(context: ClaimContext) -> Members:
    """The members that the parts run, whose sources are in the hash of the evidence."""
    found = (
        context.rival("supervised"),
        context.rival("vae"),
        context.rival("ivae"),
        context.rival("sufficient-change"),
        context.rival("multi-view"),
        context.rival("tdrl"),
        context.rival("idol"),
    )
    return {member.card.slug: member for member in found}


# -- (a): three static scenes ----------------------------------------------------------------------------------------


def _part_a(context: ClaimContext) -> list[Row]:
    rows = []
    for scene in SCENES:
        results = context.over_seeds(f"a {scene}", partial(_scene, _members(context), scene), 5)

        def values(method: str, metric: str, found: list[dict[str, Any]] = results) -> list[float]:
            return [r[method][metric] for r in found]

        rows.append(_ceiling(scene, results))
        gap = {name: [r[name]["r2"] - r[name]["mcc"] for r in results] for name in (*BLOCKS, "vae")}
        rows += [
            row("a", GAP.format(scene, method), gap[method], kind="difference", bar=0.15,
                baselines={
                    "R2": values(method, "r2"), "MCC": values(method, "mcc"),
                    "MCC if a latent serves several variables": values(method, "best"),
                    "plain VAE": gap["vae"], "plain VAE: MCC": values("vae", "mcc"),
                },
                note=MATCHED if scene == "slope" else "")
            for method in BLOCKS
        ]  # fmt: skip
    return rows


def _ceiling(scene: str, results: list[dict[str, Any]]) -> Row:
    return row(
        "a", f"{scene}: MCC of the supervised ceiling", [r["supervised"]["mcc"] for r in results], bar=0.9,
        baselines={"plain VAE": [r["vae"]["mcc"] for r in results]},
    )  # fmt: skip


def _scene(methods: Members, scene: str, seed: int) -> dict[str, dict[str, float]]:
    world = SCENES[scene]()
    front, four = seen_images(world, 3000, seed), seen_images(world, 1000, seed, VIEWS)
    latents, changing = len(world.names) + 3, len(world.changes[world.environments[1]])
    return {
        "supervised": plain(fitted(methods["supervised"], front, seed, steps=500)),
        "multi-view": plain(fitted(methods["multi-view"], four, seed, steps=500, latents=latents)),
        "sufficient-change": plain(
            fitted(methods["sufficient-change"], front, seed, steps=800, latents=latents, changing=changing)
        ),
        "vae": plain(fitted(methods["vae"], front, seed, steps=800, latents=latents)),
    }


def _labels_shuffled(methods: Members, seed: int) -> dict[str, float]:
    """The ceilings, learnt from labels that say nothing of the images."""
    told = {"slope: MCC of the supervised ceiling": _dealt(methods, seen_images(SlopeWorld(), 3000, seed), seed)}
    return told | ({CEILING: _dealt(methods, images_of_cart(3000, seed), seed)} if has_cart() else {})


def _dealt(methods: Members, data: SeenRows, seed: int) -> float:
    dealt = data
    for name in data.roles["truth"]:
        dealt = shuffled(dealt, name, seed)
    return plain(fitted(methods["supervised"], data, seed, learnt_from=dealt, steps=500))["mcc"]


# -- (b): the assumption switch --------------------------------------------------------------------------------------


def _part_b(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("b", partial(_switch, _members(context)), 10)
    images = context.over_seeds("b spring", partial(_switch_of_images, _members(context)), 10)
    given, mixed, without = ([r[name] for r in results] for name in ("ivae", "shuffled", "vae"))
    gap = [a - b for a, b in zip(mixed, without, strict=True)]
    return [
        row(
            "b", SWITCH, given, ahead_of={"plain VAE": 0.1},
            baselines={"plain VAE": without, ENVIRONMENTS: mixed},
        ),
        row("b", "MCC of iVAE - plain VAE, environments shuffled", gap, direction="lower", bar=0.05,
            kind="difference"),
        row(
            "b", OF_IMAGES, [r["ivae"] for r in images], ahead_of={"plain VAE": 0.0, ENVIRONMENTS: 0.0},
            baselines={
                "plain VAE": [r["vae"] for r in images], ENVIRONMENTS: [r["shuffled"] for r in images],
            },
            note="All with a KL weight of 10, chosen on another seed, on which the gap was 0.06.",
        ),
    ]  # fmt: skip


OF_PROCESSES: Mapping[str, Any] = {"hidden": 64, "scale": "each", "latents": 3, "learning_rate": 5e-3}
"""Options where latents are seen through a map."""


def _switch(methods: Members, seed: int) -> dict[str, float]:
    return _with_and_without(methods, _ten_environments(seed), seed, steps=1500, **OF_PROCESSES)


def _ten_environments(seed: int) -> SeenRows:
    config = ProcessConfig(latents=3, frames=2, instantaneous_density=0.0, iid=True, environments=10, world_seed=seed)
    return process(config, 3000, seed)


def _environments_shuffled(methods: Members, seed: int) -> dict[str, float]:
    mixed = shuffled(_ten_environments(seed), "domain", seed)
    told = {OF_IMAGES: _switch_of_images(methods, seed)["shuffled"]}
    if has_cart():
        told[OF_CART] = _switch_of_cart(methods, seed)["shuffled"]
    return told | {SWITCH: plain(fitted(methods["ivae"], mixed, seed, steps=1500, **OF_PROCESSES))["mcc"]}


def _switch_of_images(methods: Members, seed: int) -> dict[str, float]:
    world = SpringWorld(config=SceneConfig(environments=10, world_seed=seed))
    causes = [latent.name for latent in world.causes]
    data = seen_images(world, 4000, seed)
    data = replace(data, roles={**data.roles, "truth": causes})
    return _with_and_without(methods, data, seed, steps=1000, latents=len(causes), kl_weight=10.0)


def _with_and_without(methods: Members, data: SeenRows, seed: int, **options: Any) -> dict[str, float]:
    """MCC of iVAE, of iVAE with the domains shuffled over the rows, and of the VAE."""
    arms = {"ivae": ("ivae", data), "shuffled": ("ivae", shuffled(data, "domain", seed)), "vae": ("vae", data)}
    return {
        name: plain(fitted(methods[method], given, seed, **options))["mcc"] for name, (method, given) in arms.items()
    }


# -- (c): time -------------------------------------------------------------------------------------------------------


def _part_c(context: ClaimContext) -> list[Row]:
    rows = []
    for what, iid in ((TIME, False), ("independent frames", True)):
        results = context.over_seeds(f"c {what}", partial(_over_time, _members(context), iid), 10)
        ours, without = ([r[name] for r in results] for name in ("tdrl", "vae"))
        if not iid:
            rows.append(
                row("c", f"{what}: MCC of TDRL", ours, baselines={"plain VAE": without}, ahead_of={"plain VAE": 0.08})
            )
        else:
            gap = [a - b for a, b in zip(ours, without, strict=True)]
            rows.append(
                row("c", f"{what}: MCC of TDRL - VAE", gap, direction="lower", bar=0.08, kind="difference",
                    baselines={"TDRL": ours, "plain VAE": without})
            )  # fmt: skip
    return rows


def _over_time(methods: Members, iid: bool, seed: int) -> dict[str, float]:
    data = _modulated(iid, seed)
    return {name: plain(fitted(methods[name], data, seed, **OF_CLIPS))["mcc"] for name in ("tdrl", "vae")}


OF_CLIPS: Mapping[str, Any] = {**OF_PROCESSES, "batch": 64, "steps": 2500}


def _modulated(iid: bool, seed: int, *, in_order: bool = True) -> SeenRows:
    config = ProcessConfig(
        latents=3, frames=6, instantaneous_density=0.0, noise="modulated", mechanism="mlp", iid=iid, world_seed=seed
    )
    return process(config, 3000, seed, in_order=in_order)


def _frames_shuffled(methods: Members, seed: int) -> dict[str, float]:
    data = _modulated(False, seed, in_order=False)
    return {f"{TIME}: MCC of TDRL": plain(fitted(methods["tdrl"], data, seed, **OF_CLIPS))["mcc"]}


# -- (d): edges within a frame ---------------------------------------------------------------------------------------


THRESHOLD = 0.3
SPARSITY = 0.5
EDGES = ("z1 -> z2", "z2 -> z3")
"""Beside those of each latent to itself."""


def _part_d(context: ClaimContext) -> list[Row]:
    results = context.over_seeds("d", partial(_edges, _members(context)), 10)

    def values(method: str, what: str) -> list[float]:
        return [r[method][what] for r in results]

    return [
        row(
            "d", "edge F1 of IDOL", values("idol", "f1"),
            baselines={
                "TDRL": values("tdrl", "f1"), "every edge": values("every edge", "f1"),
                "lagged only": values("idol", "f1 lagged"), "lagged only, TDRL": values("tdrl", "f1 lagged"),
                "within the frame only": values("idol", "f1 within"),
            },
            ahead_of={"TDRL": 0.0, "every edge": 0.0},
            note="Directed edges, lagged and within the frame, between latents matched to the variables; an influence "
            f"above {THRESHOLD:g} spreads of the noise is an edge. TDRL has none within a frame. The sparsity has "
            f"weight {SPARSITY:g}; the suite's would be 2.7.",
        ),
        row(
            "d", "MCC of IDOL", values("idol", "mcc"), baselines={"TDRL": values("tdrl", "mcc")},
            ahead_of={"TDRL": 0.0},
            note="Edges are read right only between latents that are told apart. With edges within a frame the prior "
            "explains any triangular mixture of the latents as well as the latents themselves, and only the sparsity "
            "speaks for these; in 2000 steps it did not turn them back. Nor does a latent see those behind it, and "
            "their order is that of the start: an edge within the frame may come out reversed.",
        ),
    ]  # fmt: skip


def _edges(methods: Members, seed: int) -> dict[str, dict[str, float]]:
    config = ProcessConfig(latents=3, frames=6, edges=EDGES, noise="modulated", mechanism="mlp", world_seed=seed)
    world, data = LatentProcessWorld(config), process(config, 3000, seed)
    train, test = data.split(HELD_OUT, seed)
    true = np.stack([world.lagged_adjacency[0], world.instantaneous_adjacency]).astype(bool)
    z = np.stack([test.known.column(name) for name in world.names], axis=-1)
    found: dict[str, dict[str, float]] = {"every edge": {"f1": _f1(true, _possible(true))}}
    arms: Mapping[str, dict[str, Any]] = {"idol": {"sparsity": SPARSITY}, "tdrl": {}}
    for name, options in arms.items():
        given = {"latents": 3, "steps": 2000, "learning_rate": 5e-3, "device": "cpu", **options}
        model = methods[name](seed=seed, **given).fit(train, **data.roles)
        assert isinstance(model, TransitionMethod)
        codes = model.codes(test)
        matched = mcc(z.reshape(-1, 3), codes.reshape(-1, 3))
        order = np.array([place for place in matched.matching if place is not None])
        influence = model.influence(test)
        strength = np.stack([part[np.ix_(order, order)] for part in (influence.lagged[0], influence.within)])
        guess = strength > THRESHOLD
        found[name] = {
            "mcc": matched.value,
            "f1": _f1(true, guess),
            "f1 lagged": _f1(true[:1], guess[:1]),
            "f1 within": _f1(true[1:], guess[1:]),
        }
    return found


# -- (e): images that we did not draw ----------------------------------------------------------------------------------


def _part_e(context: ClaimContext) -> list[Row]:
    if not has_cart():
        return [row("e", metric, [], note=NEEDS) for metric in (CEILING, OF_CART)]
    found = context.over_seeds("e", partial(_switch_of_cart, _members(context)), 10)
    without, mixed = ([r[name] for r in found] for name in ("vae", "shuffled"))
    return [
        row("e", CEILING, [r["supervised"] for r in found], bar=0.9, baselines={"plain VAE": without}),
        row("e", OF_CART, [r["ivae"] for r in found], baselines={"plain VAE": without, ENVIRONMENTS: mixed},
            ahead_of={"plain VAE": 0.0, ENVIRONMENTS: 0.0}),
    ]  # fmt: skip


def _switch_of_cart(methods: Members, seed: int) -> dict[str, float]:
    data = images_of_cart(3000, seed)
    found = _with_and_without(methods, data, seed, steps=1500, latents=2, kl_weight=10.0)
    return {**found, "supervised": plain(fitted(methods["supervised"], data, seed, steps=500))["mcc"]}


def _possible(true: NDArray[np.bool_]) -> NDArray[np.bool_]:
    every = np.ones_like(true)
    every[1] &= ~np.eye(true.shape[-1], dtype=bool)
    return every


def _f1(true: NDArray[np.bool_], guess: NDArray[np.bool_]) -> float:
    """2 hits / (edges + guesses)."""
    return 2 * float((true & guess).sum()) / max(float(true.sum() + guess.sum()), 1.0)


CLAIM = Claim(
    CausalVerse.card, run, minutes=15, swap="plain VAE", cheapest=_part_c, controls=(LABELS, ENVIRONMENTS, FRAMES)
)  # fmt: skip
