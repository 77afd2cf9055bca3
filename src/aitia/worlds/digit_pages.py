"""Pages of text, markup, one picture of a digit and one link: what a model of mixed documents is asked about.

    digit, stroke, slant even;   word = digit;   picture even among the pictures with these three facts            (1)
    name even;   sense even among the two things of that name                                                     (2)

A page holds a heading (the word), a sentence that says all three facts, the picture with its `alt`, and a sentence with
a link: each by itself or with others, in any order. The title of the link tells which of two things its name means, and
stands before it; the cue that tells the same stands behind, so that who reads from the left cannot know the title. The
picture is one of scikit-learn's digits, moved by up to a pixel; in `train` it is one of 1,400 and in `test` one of 397
others. What is chance (which elements, in what order, in which words, which picture, how it is moved) is `wording`.

do(stroke=heavy) writes the same page about a heavier picture, and says so everywhere.

Source:
    The task follows Aghajanyan et al., CM3, 2022, figure 1 and table 1; the generator is ours. Pictures: Alpaydin and
    Kaynak, Optical recognition of handwritten digits, UCI 1998.
"""

import base64
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.columns.picture import png
from aitia.data.table import Table
from aitia.graph.graph import Graph
from aitia.worlds.digits import DIGITS, SLANTS, STROKES, digits, pictures, shifted
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["DigitPagesWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

ELEMENTS = ("heading", "sentence", "picture", "link")
NAMES = ("mercury", "jordan", "phoenix", "amazon", "victoria", "lincoln", "java", "orion", "florence", "georgia")
SENSES = ("river", "singer", "town", "ship", "planet")
PAIRS = tuple((k % 5, (k + 1 + k // 5) % 5) for k in range(len(NAMES)))
"""The two things that each name means, as codes of `SENSES`; every sense is that of four names."""
SAID = (
    "a {} drawn by hand", "somebody wrote a {}", "here you see a {}", "a {} on dark paper", "this is how a {} looks",
)  # fmt: skip
CUES = (
    ("carries boats to the sea", "floods every spring", "has many bridges"),
    ("plays small concerts", "wrote many songs", "sings on the radio"),
    ("built a new school", "has a market square", "elects its mayor"),
    ("sails at night", "lost its anchor", "entered the harbour"),
    ("circles a star", "has icy moons", "shines before dawn"),
)
"""What is said of each sense, behind the link."""


class DigitPagesWorld(TextWorld):
    """Pages with a picture and a link; see the module.

    `render` gives each page as HTML that holds its picture. `rows` has the page with these places left blank and beside
    it what stands there: `alt`, `image`, `title`.

    Example:
        >>> world = DigitPagesWorld()
        >>> fact = world.sample(8, seed=1, env="test").take([4])
        >>> print(world.plain(fact)[0])
        <p><a title="orion planet">orion</a> circles a star</p>
        >>> print(world.plain(world.counterfactual(fact, "do(sense=first)"))[0])
        <p><a title="orion town">orion</a> built a new school</p>
    """

    name: ClassVar[str] = "digit_pages"
    environments = ("train", "test")
    changes: Mapping[str, tuple[str, ...]] = {"test": ("part",)}
    graph = Graph("digit; stroke; slant; name; sense; part; wording")

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The facts of the picture, what the link names and means, and the part that the picture is from."""
        labels = {
            "digit": DIGITS, "stroke": STROKES, "slant": SLANTS, "name": NAMES, "sense": ("first", "second"),
            "part": self.environments,
        }  # fmt: skip
        return tuple(
            Latent(k, 0.0, len(v) - 1.0, kind="categorical", labels=v, visible=k != "part") for k, v in labels.items()
        )

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1) and (2)."""
        if name == "part":
            return env.astype(np.float64)
        count = len(self.latent(name).labels)
        return code_of(noise, np.full(count, 1 / count))

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The pages, each with its picture inside, as a PNG in its `src`."""
        drawn = [base64.b64encode(png(one)).decode() for one in self._drawn(concepts, wording)]
        pages = _pages({k: np.asarray(v, dtype=np.int64) for k, v in concepts.items()}, wording)
        return [page.format(src=f"data:image/png;base64,{code}") for page, code in zip(pages, drawn, strict=True)]

    def plain(self, sample: Sample) -> list[str]:
        """The pages, with the `src` of the picture left blank."""
        return [page.format(src="") for page in _pages(_codes(sample), Wording(sample[WORDING]))]

    def images(self, sample: Sample) -> NDArray[np.uint8]:
        """(n, 8, 8, 3) the picture of each page, whether it is on it or not."""
        return self._drawn(_codes(sample), Wording(sample[WORDING]))

    def rows(self, sample: Sample, size: int = 8) -> Data:
        """Pages with blank places and what stands there: columns `document`, `alt`, `image` and `title`.

        Args:
            sample: Rows of this world.
            size: Pictures are 8 by 8, whatever is asked for.
        """
        has = self.elements(sample)
        blank = [page.format(src="") for page in _pages(_codes(sample), Wording(sample[WORDING]), blank=True)]
        image = [one if there else None for one, there in zip(self.images(sample), has["picture"], strict=True)]
        alt = [said if there else None for said, there in zip(captions(sample), has["picture"], strict=True)]
        title = [said[k] if there else None for said, k, there in
                 zip(self.titles(sample), sample["sense"].astype(int), has["link"], strict=True)]  # fmt: skip
        kinds = {"document": "text", "alt": "text", "image": "picture", "title": "text"}
        rows = Table.of({"document": blank, "alt": alt, "image": image, "title": title}, kinds=kinds)
        known = sample.table(names=self.visible)
        return rows.with_columns({k: known.labels(k) for k in known.names}, {k: known.kind(k) for k in known.names})

    def elements(self, sample: Sample) -> dict[str, NDArray[np.bool_]]:
        """(n,) for each element whether it is on the page."""
        found = _elements(Wording(sample[WORDING]))
        return dict(zip(ELEMENTS, found.T, strict=True))

    def titles(self, sample: Sample) -> list[tuple[str, str]]:
        """The two titles that the name of each link may have, in the order of `sense`."""
        names = sample["name"].astype(int)
        return [(f"{NAMES[k]} {SENSES[PAIRS[k][0]]}", f"{NAMES[k]} {SENSES[PAIRS[k][1]]}") for k in names]

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a page may hold, sorted."""
        said = " ".join((*SAID, *(cue for of in CUES for cue in of))).split()
        return tuple(sorted(({*said} - {"{}"}) | {*DIGITS, *STROKES, *SLANTS, *NAMES, *SENSES}))

    def _drawn(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> NDArray[np.uint8]:
        held = {k: np.asarray(concepts[k], dtype=np.int64) for k in ("digit", "stroke", "slant", "part")}
        number = wording.number("picture")
        images = np.empty((len(number), 8, 8), dtype=np.uint8)
        for row, facts in enumerate(zip(held["digit"], held["stroke"], held["slant"], strict=True)):
            pool = digits("test" if held["part"][row] else "train")
            which = pool.having(*map(int, facts))
            images[row] = pool.images[which[int(number[row] * len(which))]]
        return pictures(shifted(images, wording.pick("down", 3) - 1, wording.pick("right", 3) - 1))


def captions(sample: Sample) -> list[str]:
    """What is true of each picture, as its `alt` says it."""
    facts = zip(*(sample[k].astype(int) for k in ("stroke", "slant", "digit")), strict=True)
    return [f"a {STROKES[stroke]} {SLANTS[slant]} {DIGITS[digit]}" for stroke, slant, digit in facts]


def _codes(sample: Sample) -> dict[str, Codes]:
    return {name: sample[name].astype(np.int64) for name in sample.categories}


def _elements(wording: Wording) -> NDArray[np.bool_]:
    """(n, 4) a random non-empty subset of the elements, every one as likely as any other."""
    subset = wording.pick("elements", 2 ** len(ELEMENTS) - 1) + 1
    there: NDArray[np.bool_] = (subset[:, None] >> np.arange(len(ELEMENTS))) & 1 == 1
    return there


def _pages(concepts: Mapping[str, Codes], wording: Wording, *, blank: bool = False) -> list[str]:
    """Each page, its `src` to be formatted; where `blank`, without `alt` and title."""
    there, order = _elements(wording), wording.order("order", len(ELEMENTS))
    said, cue = wording.pick("said", SAID), wording.pick("cue", 3)
    first = wording.chance("alt first", 0.5)
    found = []
    for row in range(len(said)):
        digit, stroke, slant = (int(concepts[k][row]) for k in ("digit", "stroke", "slant"))
        name = int(concepts["name"][row])
        sense = PAIRS[name][int(concepts["sense"][row])]
        fact = f"{STROKES[stroke]} {SLANTS[slant]} {DIGITS[digit]}"
        alt = "" if blank else f"a {fact}"
        title = "" if blank else f"{NAMES[name]} {SENSES[sense]}"
        parts = (
            f"<h1>{DIGITS[digit]}</h1>",
            f"<p>{SAID[said[row]].format(fact)}</p>",
            f'<img alt="{alt}" src="{{src}}">' if first[row] else f'<img src="{{src}}" alt="{alt}">',
            f'<p><a title="{title}">{NAMES[name]}</a> {CUES[sense][cue[row]]}</p>',
        )
        found.append("".join(parts[k] for k in order[row] if there[row, k]))
    return found
