"""Path interventions in a network of random weights on 60 pictures, with maps, cuts, stability and a repair."""

from typing import Any

import numpy as np
import torch
from torch import nn

from aitia.systems.path_interventions import CausalExplanation, PathInterventions, Repair, repair
from aitia.worlds import ShapesWorld


def _explain(
    model: nn.Module,
    pixels: torch.Tensor,
    labels: Any,
    target: int,
    *,
    references: torch.Tensor | None = None,
    **options: Any,
) -> CausalExplanation:
    rows = {"pixels": pixels.flatten(1).numpy()}
    given = {"inputs": "pixels", "model": model} | ({} if labels is None else {"label": labels})
    if references is not None:
        rows["others"], given["reference_inputs"] = references.flatten(1).numpy(), "others"
    method = PathInterventions(of_class=str(target), shape=tuple(pixels.shape[1:]), **options)
    return method.fit(rows, **given).found


def _repaired() -> Repair:
    """A patch in the corner speaks for class 0 of a network whose weights are written by hand."""
    world = ShapesWorld(grain=0.0)
    rows = world.sample(30, env="balanced")
    with_patch, without = (
        torch.from_numpy(
            world.render(world.counterfactual(rows, f"do(patch={value})"))[..., :1].transpose(0, 3, 1, 2) / 255
        ).float()
        for value in ("present", "absent")
    )
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32, 4)).eval()
    with torch.no_grad():
        model[0].weight[:], model[0].bias[:] = 1.0, -0.3
        model[4].weight[:], model[4].bias[:] = 0.0, 0.0
        model[4].weight[0, [0, 16]] = 5.0
        model[4].weight[1, [5, 6, 9, 10]] = 0.2
        said = model(without).argmax(dim=1).numpy()
    found = _explain(model, with_patch, None, 0, which="all", references=without, cells=True, test="paired")
    return repair(found.on(model), with_patch, without, said, "4", counts=(1, 2))


def numbers() -> dict[str, list[float] | float | str]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(96, 8), nn.ReLU(), nn.Linear(8, 3),
        ).eval()  # fmt: skip
    images = torch.rand(60, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for layer in (4, 7, 9):
            model[layer].weight *= 3  # so that a unit is worth something
        model[9].bias -= model(images).mean(dim=0)  # so that every class is said of some
        labels = model(images).argmax(dim=1).numpy()
    target = int(np.bincount(labels).argmax())
    found = _explain(model, images, labels, target, test="paired", images=20)
    soft = _explain(model, images, None, target, which="all", cut="soft", beta=0.2, images=20)
    mean = _explain(model, images, labels, target, cut="mean", images=20)
    on = found.on(model)
    rows = images[labels == target][:10]
    table = found.table(resamples=50).to_pandas()
    done = _repaired()
    stable = on.stability("9", rows, betas=[0.0, 0.5], draws=2)
    made: dict[str, list[float] | float | str] = {
        "share": found.share,
        "graph": str(found.graph),
        "layers": "; ".join(f"{e.layer}: {' '.join(e.names)}" for e in found.layers[:1]),
        "causes": "; ".join(f"{e.layer}: {' '.join(map(str, e.cause_units))}" for e in found.layers),
        "table": " ".join(table.columns),
        "table_means": [float(v) for v in table.select_dtypes("number").mean()],
        "map": on.attribute(rows[:2], "4")[:, ::4, ::4].ravel().tolist(),
        "map_summed": float(on.attribute(rows[:2], spread="sum").mean()),
        "edges": " ".join(f"{name}:{int(mask.sum())}" for name, mask in on.edges().items()),
        "only": on.probability(on.only(), rows)[1].tolist(),
        "without": on.probability(on.without(), rows)[1].tolist(),
        "at_random": on.probability(on.at_random(0), rows)[1].tolist(),
        "cut": on.probability(on.cut({"9": [0, 1]}), rows)[1].tolist(),
        "stability": stable.column("overlap").tolist(),
        "agreement": found.agreement(soft),
        "jaccard": found.layer("9").jaccard(soft.layer("9")),
        "beyond": "; ".join(f"{e.layer}: {' '.join(map(str, e.cause_units))}" for e in found.beyond([soft]).layers),
        "repaired": " ".join(map(str, done.units)),
        "repair_tried": [float(v) for name in done.tried.names for v in done.tried.column(name)],
    }
    for name, explanation in (("hard", found), ("soft", soft), ("mean", mean)):
        for layer in explanation.layers[: 1 if name == "mean" else 3]:
            # The mean of the changes that a mean intervention makes is 0 but for rounding: their spread is not.
            made[f"{name}_{layer.layer}_changes"] = layer.changes[:3].std(axis=1).tolist()
            made[f"{name}_{layer.layer}_log_changes"] = float(np.abs(layer.log_changes).mean())
            made[f"{name}_{layer.layer}_divergence"] = float(layer.divergence.mean())
            if name != "mean":
                made[f"{name}_{layer.layer}_causes"] = "".join(str(int(c)) for c in layer.causes)
    return made
