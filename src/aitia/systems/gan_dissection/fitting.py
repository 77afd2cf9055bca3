"""The fit: which layer, which objects, which units, and what to keep in mind."""

from difflib import get_close_matches

from torch import Tensor

from aitia.errors import DataError, OptionError, UnknownVariableError, join_names
from aitia.nn.segmenters import Segmenter, unsure
from aitia.nn.sites import Site
from aitia.systems.gan_dissection.config import GanDissectionConfig
from aitia.systems.gan_dissection.found import Found
from aitia.systems.gan_dissection.generators import ImageGenerator
from aitia.systems.gan_dissection.opening import fingerprint_of
from aitia.systems.gan_dissection.study import Study

__all__ = ["chosen_layer", "dissected"]

INTERPRETABLE = 0.05
"""Agreement from which on the paper calls a unit interpretable."""
_UNSURE = 0.1
"""Share of pixels without a likely name from which on a warning tells."""


def chosen_layer(generator: ImageGenerator, config: GanDissectionConfig) -> str:
    """The place whose units are studied.

    Raises:
        DataError: If the generator has no place whose output is a map.
        UnknownVariableError: If the named place is none; names the nearest.
        OptionError: If it has too few units for a set and others beside it.
    """
    layers = {str(site): shape for site, shape in generator.layers().items()}
    if not layers:
        raise DataError(
            f"{type(generator.model).__name__} has no layer whose output is a map (n, units, height, width)"
        )
    name = config.layer
    if name is None:
        quarter = generator.size[0] / 4
        order = list(layers)
        name = min(layers, key=lambda k: (abs(layers[k][1] - quarter), -layers[k][0], -order.index(k)))
    if name not in layers:
        close = get_close_matches(name, layers, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UnknownVariableError(
            f"the generator has no layer {name!r} whose output is a map.{hint} It has: {join_names(layers, 20)}"
        )
    if layers[name][0] < 2 * config.units:
        raise OptionError(
            f"{name} has {layers[name][0]} units, and sets of {config.units} need as many others beside them as "
            f"controls: ask for {layers[name][0] // 2} or fewer (units=), or for another layer"
        )
    return name


def dissected(
    generator: ImageGenerator,
    layer: str,
    z: Tensor,
    chooser: Segmenter,
    referee: Segmenter,
    config: GanDissectionConfig,
) -> Found:
    """What the segmenter that chooses finds in the pictures of these latents.

    Raises:
        DataError: If an object that was asked for is in none of the drawn pictures.
    """
    study = Study.of(generator, layer, z, chooser, config)
    drawn = dict(zip(chooser.names, study.drawn.tolist(), strict=True))
    rows = len(z)
    for name in config.concepts or ():
        if not drawn[name]:
            raise DataError(f"{name!r} is drawn in 0 of {rows} pictures: ask for others, or for more samples")
    concepts = config.concepts or tuple(name for name in chooser.names if drawn[name] and name in referee.names)
    if not concepts:
        raise DataError(f"the segmenter sees nothing that the referee knows too, in any of {rows} pictures")
    height, width = generator.size
    shapes = {str(site): shape for site, shape in generator.layers().items()}
    windows = {name: str(Site(layer, mask=study.window(name, config.window).numpy()).mask) for name in concepts}
    prints = fingerprint_of(chooser), fingerprint_of(referee)
    iou = study.agreement.iou
    count = int((iou.amax(1) > INTERPRETABLE).sum())
    notes = [
        f"units of {layer}, {shapes[layer][0]} maps of {shapes[layer][1]}x{shapes[layer][2]}; {count} agree with "
        f"something by more than {INTERPRETABLE}",
        f"chosen by the segmenter {prints[0][:12]}, scored by {prints[1][:12]}",
    ]
    warnings = []
    if prints[0] == prints[1]:
        warnings.append("one segmenter chose the units and scores them: give another one as referee")
    doubt = unsure(chooser, study.tails[0].pictures)
    if doubt > _UNSURE:
        warnings.append(
            f"the segmenter is not sure of {doubt:.0%} of the pixels of drawn pictures: they are strange to it"
        )
    sets = {name: study.best(name, config) for name in concepts}
    found = Found(layer, shapes, chooser.names, concepts, drawn, sets, windows, (height, width), generator.latents,
                  prints, tuple(notes), tuple(warnings))  # fmt: skip
    return found.with_numbers(iou=iou, iqr=study.agreement.iqr, thresholds=study.thresholds, levels=study.levels(),
                              means=study.means)  # fmt: skip
