"""Small radiographs and tissue images with their reports, both made from the same causes.

    age -> heart; age, smoking -> finding; finding -> side, zone, extent; heart, finding -> device         `cxr`   (1)
    grade -> cells; grade, cells -> necrosis; stain                                                        `path`  (2)
    image = paint(causes, grain);    report = write(causes, wording)                                               (3)

A row is of one of two domains, and what belongs to the other is drawn and shows nowhere. A radiograph has two lungs, a
heart, and where there are some a nodule, an effusion (the filled base of a lung) or an opacity, and a line; as ever the
patient's right is on the left of the picture. A tissue image has dots on a tinted ground. Age and smoking are causes
that neither image nor report shows. A report says each attribute in one of two ways, in sentences of random order; that
there is no device, or how strong the stain is, is said in half of the reports.

`grain` and `wording` hold all other chance, so that do(finding=effusion) gives the very image and report that there
would have been.

Source:
    The task follows Mao et al., Discrete diffusion models with MLLMs for unified medical multimodal generation, 2025;
    the generator is ours, and no model of a disease.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import DataError, OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, Wording, code_of
from aitia.worlds.ward_painting import radiograph, tissue
from aitia.worlds.world import Seen, World

__all__ = ["ATTRIBUTES", "WardWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

DOMAINS = ("cxr", "path")
LABELS: Mapping[str, tuple[str, ...]] = {
    "domain": DOMAINS,
    "smoking": ("no", "yes"),
    "heart": ("normal", "enlarged"),
    "finding": ("none", "nodule", "effusion", "opacity"),
    "side": ("left", "right"),
    "zone": ("upper", "mid", "lower"),
    "extent": ("small", "large"),
    "device": ("absent", "present"),
    "grade": ("low", "high"),
    "cells": ("few", "some", "many"),
    "stain": ("pale", "strong"),
    "necrosis": ("absent", "present"),
}
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "cxr": ("heart", "finding", "side", "zone", "extent", "device"),
    "path": ("grade", "cells", "stain", "necrosis"),
}
"""What image and report show, by domain."""
SAID: Mapping[str, tuple[tuple[str, str], ...]] = {
    "heart": (("normal", "unremarkable"), ("enlarged", "widened")),
    "finding": (("clear", "free"), ("nodule", "lesion"), ("effusion", "fluid"), ("opacity", "consolidation")),
    "side": (("left", "sinistral"), ("right", "dextral")),
    "zone": (("upper", "apical"), ("mid", "central"), ("lower", "basal")),
    "extent": (("small", "minor"), ("large", "extensive")),
    "device": (("no device", "no catheter"), ("device in place", "catheter in place")),
    "grade": (("low", "mild"), ("high", "severe")),
    "cells": (("few", "sparse"), ("some", "scattered"), ("many", "dense")),
    "stain": (("pale", "faint"), ("strong", "intense")),
    "necrosis": (("no necrosis", "no decay"), ("necrosis seen", "decay seen")),
}
"""The two ways to say each label."""


class WardWorld(World):
    """Images and their reports; see the module. `render` gives the images, `reports` the texts, `rows` both.

    Args:
        noise: Standard deviation of the noise of a pixel, as a share of white.

    Raises:
        OptionError: If it is out of range.

    Example:
        >>> world = WardWorld()
        >>> fact = world.sample(1, seed=3, do="do(domain=cxr, finding=none)")
        >>> other = world.counterfactual(fact, "do(domain=cxr, finding=effusion)")
        >>> world.reports(fact)[0], world.reports(other)[0]
        ('no device . heart normal . lungs free .', 'device in place . heart normal . minor fluid left basal .')
        >>> world.read(world.reports(other))[0]["finding"]
        'effusion'
    """

    name: ClassVar[str] = "ward"
    seen: ClassVar[Seen] = "image"
    graph = Graph(
        "domain; age -> heart; age -> finding; smoking -> finding; finding -> side; finding -> zone; "
        "finding -> extent; heart -> device; finding -> device; grade -> cells; grade -> necrosis; cells -> necrosis; "
        "stain; wording; grain"
    )

    def __init__(self, noise: float = 0.05) -> None:
        if not 0 <= noise <= 1:
            raise OptionError(f"noise lies in [0, 1], got {noise}")
        self.noise = float(noise)

    @cached_property
    def latents(self) -> tuple[Latent, ...]:
        """The domain, the causes of both, and what all other chance follows from."""
        labelled = {
            name: Latent(name, 0.0, len(labels) - 1.0, kind="categorical", labels=labels)
            for name, labels in LABELS.items()
        }
        domain, smoking, *rest = labelled.values()
        hidden = (Latent(WORDING, 0.0, 1.0, visible=False), Latent("grain", 0.0, 1.0, visible=False))
        return (domain, Latent("age", 20.0, 90.0, "years"), smoking, *rest, *hidden)

    noise_laws: ClassVar[Mapping[str, str]] = dict.fromkeys((*LABELS, "age", WORDING, "grain"), "even in [0, 1)")

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: Codes) -> Values:
        """(1) and (2)."""
        if name in (WORDING, "grain"):
            return noise
        if name == "age":
            return 20.0 + 70.0 * noise
        old = (parents["age"] - 20.0) / 70.0 if "age" in parents else np.zeros(len(noise))
        if name == "heart":
            return code_of(noise, _two(0.15 + 0.6 * old))
        if name == "finding":
            sick = 0.45 + 0.25 * old + 0.2 * parents["smoking"]
            nodule = sick * (0.25 + 0.25 * parents["smoking"])
            effusion = (sick - nodule) * (0.4 + 0.3 * old)
            return code_of(noise, np.stack([1 - sick, nodule, effusion, sick - nodule - effusion], axis=1))
        if name in ("side", "zone", "extent"):
            return code_of(noise, _OF_FINDING[name][parents["finding"].astype(np.int64)])
        if name == "device":
            return code_of(noise, _two(0.1 + 0.25 * parents["heart"] + 0.3 * (parents["finding"] == 2)))
        if name == "cells":
            return code_of(noise, np.array([[0.5, 0.3, 0.2], [0.15, 0.3, 0.55]])[parents["grade"].astype(np.int64)])
        if name == "necrosis":
            return code_of(noise, _two(0.05 + 0.3 * parents["grade"] + 0.2 * parents["cells"]))
        count = len(LABELS[name])
        return code_of(noise, [0.7, 0.3] if name == "smoking" else np.full(count, 1 / count))

    # -- what is seen --------------------------------------------------------------------------------------------------

    def render(self, sample: Sample, *, size: int = 16, view: str | None = None) -> NDArray[Any]:
        """The images, (n, size, size, 3) of bytes.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the image: leave out view={view!r}")
        found = np.zeros((len(sample), size, size, 3))
        for number, paint in enumerate((radiograph, tissue)):
            rows = np.flatnonzero(sample["domain"] == number)
            if len(rows):
                part = sample.take(rows)
                found[rows] = paint(part, Wording(part["grain"]), size).pixels
        for row, number in enumerate(sample["grain"]):
            stream = np.random.default_rng(int(abs(number) * 2**32))
            found[row] += self.noise * stream.standard_normal((size, size, 1))
        return np.rint(255 * np.clip(found, 0, 1)).astype(np.uint8)

    def segments(self, sample: Sample, *, size: int = 16) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), of which at least half shows each part: lungs, finding, heart, device of the
        radiographs; cells, necrosis of tissue. What lies behind another part is not counted.
        """
        found = {name: np.zeros((len(sample), size, size), dtype=bool) for name in PARTS}
        for number, paint in enumerate((radiograph, tissue)):
            rows = np.flatnonzero(sample["domain"] == number)
            if len(rows):
                part = sample.take(rows)
                for name, share in paint(part, Wording(part["grain"]), size).shares.items():
                    found[name][rows] = share >= 0.5
        return found

    def reports(self, sample: Sample) -> list[str]:
        """The reports, words and marks apart by one space."""
        wording = Wording(sample[WORDING])
        codes = {name: sample[name].astype(np.int64) for name in LABELS}
        ways = {name: wording.pick(name, 2) for name in SAID}
        told = {name: wording.chance(f"{name} is told", 0.5) for name in ("device", "stain")}
        order = wording.order("sentences", 4)
        found = []
        for row in range(len(sample)):
            said = {name: SAID[name][codes[name][row]][ways[name][row]] for name in SAID}
            if codes["domain"][row]:
                sentences = [f"grade {said['grade']}", f"cells {said['cells']}", said["necrosis"]]
                sentences += [f"stain {said['stain']}"] if told["stain"][row] else [""]
            else:
                where = f"{said['extent']} {said['finding']} {said['side']} {said['zone']}"
                sentences = [f"heart {said['heart']}", where if codes["finding"][row] else f"lungs {said['finding']}"]
                sentences += [said["device"]] if codes["device"][row] or told["device"][row] else [""]
                sentences += [""]
            found.append(" ".join(f"{sentences[k]} ." for k in order[row] if sentences[k]))
        return found

    def rows(self, sample: Sample, size: int = 16) -> Data:
        """Images, their `report`, and the causes that are handed out."""
        seen = Table.of({"image": self.render(sample, size=size), "report": self.reports(sample)},
                        kinds={"image": "picture", "report": "text"})  # fmt: skip
        known = sample.table(names=self.visible)
        return seen.with_columns(
            {name: known.labels(name) for name in known.names}, {name: known.kind(name) for name in known.names}
        )

    # -- what it says --------------------------------------------------------------------------------------------------

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a report may hold, sorted."""
        said = " ".join(word for ways in SAID.values() for pair in ways for word in pair)
        return tuple(sorted({*said.split(), "heart", "lungs", "grade", "cells", "stain", "."}))

    def read(self, reports: Sequence[str]) -> list[dict[str, str]]:
        """The attributes that each report tells, by its words; what two words contradict, or none says, is left out.

        That there is no device may go without saying. Of clear lungs side, zone and extent are left out.

        Raises:
            DataError: If there is no report.
        """
        if not len(reports):
            raise DataError("there is no report to read")
        return [_read(str(report)) for report in reports]

    def attributes(self, sample: Sample) -> list[dict[str, str]]:
        """The same as the causes have them."""
        codes = {name: sample[name].astype(np.int64) for name in LABELS}
        found = []
        for row in range(len(sample)):
            domain = DOMAINS[codes["domain"][row]]
            held = {name: LABELS[name][codes[name][row]] for name in ATTRIBUTES[domain]}
            found.append(_shown({"domain": domain, **held}))
        return found


PARTS = ("lungs", "finding", "heart", "device", "cells", "necrosis")
"""Of the images: four of radiographs, two of tissue."""
_OF_FINDING: Mapping[str, Values] = {
    "side": np.array([[0.5, 0.5], [0.4, 0.6], [0.5, 0.5], [0.4, 0.6]]),
    "zone": np.array([[0.4, 0.3, 0.3], [0.5, 0.3, 0.2], [0.0, 0.0, 1.0], [0.2, 0.4, 0.4]]),
    "extent": np.array([[0.5, 0.5], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]]),
}
"""Shares by finding; those of none show nowhere."""
_WORDS = {word: (name, label) for name, ways in SAID.items() for label, pair in zip(LABELS[name], ways, strict=True)
          for word in pair}  # fmt: skip


def _two(share: Values) -> Values:
    held = np.clip(share, 0.0, 1.0)
    return np.stack([1 - held, held], axis=1)


def _read(report: str) -> dict[str, str]:
    told: dict[str, set[str]] = {}
    for sentence in re.split(r"\s*\.\s*", report):
        found = {name: {_WORDS[text][1] for text in _WORDS if _WORDS[text][0] == name and _in(text, sentence)}
                 for name in SAID}  # fmt: skip
        for name, labels in found.items():
            told.setdefault(name, set()).update(labels)
    domain = "path" if any(told[name] for name in ATTRIBUTES["path"]) else "cxr"
    held = {name: next(iter(told[name])) for name in ATTRIBUTES[domain] if len(told[name]) == 1}
    if domain == "cxr" and not told["device"]:
        held["device"] = "absent"
    return _shown({"domain": domain, **held})


def _in(text: str, sentence: str) -> bool:
    return f" {text} " in f" {sentence} "


def _shown(held: dict[str, str]) -> dict[str, str]:
    """Without where nothing is."""
    if held.get("finding") == "none":
        return {name: label for name, label in held.items() if name not in ("side", "zone", "extent")}
    return held
