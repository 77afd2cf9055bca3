"""Questions about pictures, with a language prior: what is asked says more about the answer than it should.

    v_a = the favourite of (a, shape) with probability rho, else even,    a in colour, size, texture                (1)
    answer = v_type
    x = (one-hot shape, colour, size, texture) + sigma e,    e standard normal                                     (2)

Each picture shows one thing; the question names its shape and asks for one of its attributes. The favourites are the
confounder: they tie the shape that is asked about both to what the picture shows and to the answer, so that an answer
can be guessed without a look. In `balanced` rho is 0; in `rotated` each favourite has moved by half of the answers
(VQA-CP: the prior of the answers is another one in the test).

With the question q = (type, shape), the part x_t of (2) that shows the attribute asked for, and e_y a one-hot vector,

    P(y | x, q) = p(y | q) exp(x_t[y] / sigma^2) / sum_y' p(y' | q) exp(x_t[y'] / sigma^2)                          (3)

for |x_t - e_y|^2 = |x_t|^2 + 1 - 2 x_t[y]. An intervention on the picture sets what it shows whatever the question is,
and cuts the arrow from shape to attributes: P(y | do(x), q) is (3) with an even p(y | q).

Source:
    Agrawal, Batra, Parikh and Kembhavi, Don't just assume; look and answer, CVPR 2018 (answers under changing priors).
    The toy follows Patil, Maharana and Bansal, Debiasing multimodal models via causal information minimization,
    Findings of EMNLP 2023, in what has to be told apart; its numbers are ours.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError, unknown_variable
from aitia.graph.graph import Graph
from aitia.worlds.canvas import hue
from aitia.worlds.captions import Style
from aitia.worlds.layers import Layers
from aitia.worlds.options import one_of
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.segments import segments_of
from aitia.worlds.texts import Wording, code_of
from aitia.worlds.world import Image, World

__all__ = ["QuestionsWorld"]

Values = NDArray[np.float64]

SHAPES = ("circle", "square", "triangle", "diamond", "bar", "ring")
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "colour": ("red", "amber", "lime", "green", "cyan", "blue", "violet", "pink"),
    "size": ("tiny", "small", "medium", "large", "huge", "giant"),
    "texture": ("plain", "striped", "barred", "crossed", "dotted", "framed"),
}
TYPES = tuple(ATTRIBUTES)
ANSWERS = tuple(word for words in ATTRIBUTES.values() for word in words)
WORDINGS = ("{a} {it}", "the {it}", "a picture of {a} {it}", "{it}", "a picture of the {it}")
"""Of captions: the first is the plain one, the last is kept for the style `unseen`, and all its words are in others."""
SAID = ("size", "colour", "texture", "shape")
"""What a caption can tell, in its order."""
_FIRST = {name: ANSWERS.index(words[0]) for name, words in ATTRIBUTES.items()}
_ENVIRONMENTS = ("train", "balanced", "rotated")


class QuestionsWorld(World):
    """Pictures of one thing, and questions about it; see the module.

    `render` draws pictures; `vectors` gives (2), `questions` and `texts` what is asked.

    Args:
        rho: Strength of the prior, from 0 to below 1.
        sigma: Of (2), positive; hue and size of what is drawn are off by 0.4 sigma steps.
        seed: Of the favourites.

    Raises:
        OptionError: If rho or sigma is out of range.

    Example:
        >>> world = QuestionsWorld()
        >>> fact = world.sample(3, seed=0, env="train")
        >>> world.texts(fact)[0], world.answers[int(fact["answer"][0])]
        ('what size has the bar', 'giant')
        >>> world.vectors(fact).shape, world.render(fact, size=24).shape
        ((3, 26), (3, 24, 24, 3))
        >>> other = world.counterfactual(fact, "do(size=tiny)")
        >>> world.answers[int(other["answer"][0])]
        'tiny'
    """

    name: ClassVar[str] = "questions"
    environments = _ENVIRONMENTS
    changes: Mapping[str, tuple[str, ...]] = {"balanced": TYPES, "rotated": TYPES}
    answers: ClassVar[tuple[str, ...]] = ANSWERS
    """Every answer: colours, sizes, textures."""
    latents = (
        Latent("shape", 0.0, len(SHAPES) - 1, kind="categorical", labels=SHAPES),
        Latent("type", 0.0, len(TYPES) - 1, kind="categorical", labels=TYPES),
        *(Latent(name, 0.0, len(words) - 1, kind="categorical", labels=words) for name, words in ATTRIBUTES.items()),
        Latent("answer", 0.0, len(ANSWERS) - 1, kind="categorical", labels=ANSWERS),
        Latent("grain", 0.0, 1.0, visible=False),
    )
    graph = Graph(
        "; ".join(f"shape -> {name}; {name} -> answer" for name in TYPES) + "; type -> answer; grain",
    )
    noise_laws: ClassVar[Mapping[str, str]] = {latent.name: "even in [0, 1)" for latent in latents}

    def __init__(self, rho: float = 0.8, sigma: float = 0.5, seed: int = 0) -> None:
        if not 0 <= rho < 1:
            raise OptionError(f"rho is from 0 to below 1, got {rho}")
        if not sigma > 0:
            raise OptionError(f"sigma is positive, got {sigma}")
        self.rho, self.sigma = float(rho), float(sigma)
        rng = np.random.default_rng([seed, 7])
        self.favourites: Mapping[str, NDArray[np.int64]] = {
            name: rng.permutation(len(words))[: len(SHAPES)] for name, words in ATTRIBUTES.items()
        }
        """For each attribute the favourite of each shape in `train`, (6,)."""

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1)."""
        return rng.random(n)

    def prior(self, attribute: str, env: str) -> Values:
        """(1): the shares of an attribute's values for each shape, (6, values).

        Raises:
            OptionError: If there is no such environment.
        """
        count, number = len(ATTRIBUTES[attribute]), self.environment(env)
        even = np.full((len(SHAPES), count), 1 / count)
        if env == "balanced":
            return even
        favourite = (self.favourites[attribute] + (count // 2 if number == 2 else 0)) % count
        shares: Values = (1 - self.rho) * even + self.rho * np.eye(count)[favourite]
        return shares

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name in ATTRIBUTES:
            shares = np.stack([self.prior(name, label) for label in self.environments])
            return code_of(noise, shares[env, parents["shape"].astype(np.int64)])
        if name == "answer":
            asked = parents["type"].astype(np.int64)
            values = np.stack([_FIRST[attribute] + parents[attribute] for attribute in TYPES])
            answer: Values = values[asked, np.arange(len(noise))]
            return answer
        labels = {"shape": SHAPES, "type": TYPES}.get(name)
        return noise if labels is None else code_of(noise, np.full(len(labels), 1 / len(labels)))

    # -- what is seen --------------------------------------------------------------------------------------------------

    def vectors(self, sample: Sample) -> Values:
        """(2), (n, 26)."""
        shown = [np.eye(len(SHAPES))[sample["shape"].astype(np.int64)]]
        shown += [np.eye(len(words))[sample[name].astype(np.int64)] for name, words in ATTRIBUTES.items()]
        clean = np.concatenate(shown, axis=1)
        return clean + self.sigma * _normal(sample, "vector", clean.shape[1])

    def questions(self, sample: Sample) -> Values:
        """One-hot type beside one-hot shape, (n, 9)."""
        return np.concatenate(
            [np.eye(3)[sample["type"].astype(np.int64)], np.eye(6)[sample["shape"].astype(np.int64)]], axis=1
        )

    def texts(self, sample: Sample) -> list[str]:
        """The questions in words."""
        pairs = zip(sample["type"].astype(np.int64), sample["shape"].astype(np.int64), strict=True)
        return [f"what {TYPES[a]} has the {SHAPES[b]}" for a, b in pairs]

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> Image:
        """Pictures; hue, size and texture are a little off, as the grain says.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the picture: leave out view={view!r}")
        return self._painted(sample, size).image()

    def segments(self, sample: Sample, *, size: int = 64) -> dict[str, NDArray[np.bool_]]:
        """The pixels, (n, size, size), that show the `thing`, the `pattern` on it, and the `hole` of a ring."""
        return segments_of(self._painted(sample, size))

    def captions(self, sample: Sample, *, style: Style = "plain", about: Sequence[str] | None = None) -> list[str]:
        """What is in each picture: "a large red striped circle".

        Args:
            sample: Rows.
            style: `plain`; `varied`: one of four wordings, as the grain draws it; `unseen`: a wording that `varied`
                never has, of words that it has.
            about: Which of size, colour, texture and shape are told; None tells all. A shape untold is a `thing`.

        Raises:
            OptionError: If there is no such style.
            UnknownVariableError: If something else is to be told.
        """
        one_of("the style of captions", style, get_args(Style))
        told = SAID if about is None else tuple(about)
        for name in told:
            if name not in SAID:
                raise unknown_variable(name, SAID, "captions")
        words = [ATTRIBUTES.get(name, SHAPES) for name in SAID if name in told]
        codes = [sample[name].astype(np.int64) for name in SAID if name in told]
        which = Wording(sample["grain"]).pick("caption", len(WORDINGS) - 1)
        which = which if style == "varied" else which * 0 + {"plain": 0, "unseen": len(WORDINGS) - 1}[style]
        texts = []
        for row, wording in enumerate(which):
            said = [labels[code[row]] for labels, code in zip(words, codes, strict=True)]
            it = " ".join(said if "shape" in told else [*said, "thing"])
            texts.append(WORDINGS[wording].format(it=it, a="an" if it[0] in "aeiou" else "a"))
        return texts

    def _painted(self, sample: Sample, size: int) -> Layers:
        off = self.sigma * _normal(sample, "picture", 3)
        shape = sample["shape"].astype(np.int64)
        colors = hue((sample["colour"] + 0.4 * off[:, 0]) / 8)
        half = np.clip(0.28 + 0.125 * (sample["size"] + 0.4 * off[:, 1]), 0.15, 0.97)
        canvas = Layers(len(sample), size, (0.13, 0.13, 0.15)).part("thing")
        _paint_shape(canvas, shape, half, colors)
        canvas.part("pattern")
        _paint_texture(canvas, sample["texture"].astype(np.int64), half, np.clip(0.85 + 0.1 * off[:, 2], 0.5, 1.0))
        return canvas

    # -- what is true --------------------------------------------------------------------------------------------------

    def answer_given(self, sample: Sample, env: str = "train") -> Values:
        """P(y | x, q) of (3) where an environment's prior holds, (n, 20)."""
        return self._posterior(sample, env)

    def answer_under_do(self, sample: Sample) -> Values:
        """P(y | do(x), q) of (3), (n, 20)."""
        return self._posterior(sample, "balanced")

    def _posterior(self, sample: Sample, env: str) -> Values:
        vectors, shape = self.vectors(sample), sample["shape"].astype(np.int64)
        answer = np.zeros((len(sample), len(ANSWERS)))
        first = len(SHAPES)
        for number, (name, words) in enumerate(ATTRIBUTES.items()):
            rows, count = sample["type"] == number, len(words)
            with np.errstate(divide="ignore"):
                log = np.log(self.prior(name, env)[shape[rows]]) + vectors[rows, first : first + count] / self.sigma**2
            likely = np.exp(log - log.max(axis=1, keepdims=True))
            answer[rows, _FIRST[name] : _FIRST[name] + count] = likely / likely.sum(axis=1, keepdims=True)
            first += count
        return answer


def _normal(sample: Sample, what: str, count: int) -> Values:
    """(n, count) standard normal numbers that the grain of each row decides."""
    from scipy.special import ndtri

    grain = Wording(sample["grain"])
    even = np.stack([grain.number(f"{what} {k}") for k in range(count)], axis=1)
    normal: Values = ndtri(np.clip(even, 1e-12, 1 - 1e-12))
    return normal


def _paint_shape(canvas: Layers, shape: NDArray[np.int64], half: Values, colors: Values) -> None:
    """The thing itself; what a row does not show has opacity 0."""
    on = np.eye(len(SHAPES))[shape].T
    canvas.disc(0.0, 0.0, half, colors, on[0])
    canvas.box(0.0, 0.0, 0.88 * half, 0.88 * half, 0.0, colors, on[1])
    corners = np.array([-1.0, 1.0, 0.0]), np.array([-0.75, -0.75, 0.95])
    canvas.triangle(half[:, None] * corners[0], half[:, None] * corners[1], colors, on[2])
    canvas.box(0.0, 0.0, 0.7 * half, 0.7 * half, np.pi / 4, colors, on[3])
    canvas.box(0.0, 0.0, half, 0.45 * half, 0.0, colors, on[4])
    canvas.disc(0.0, 0.0, half, colors, on[5])
    canvas.part("hole").disc(0.0, 0.0, 0.5 * half, (0.13, 0.13, 0.15), on[5])


def _paint_texture(canvas: Layers, texture: NDArray[np.int64], half: Values, strength: Values) -> None:
    """A white pattern on top, of a size with the thing."""
    on = np.eye(6)[texture].T * strength
    white, width = (1.0, 1.0, 1.0), 0.14 * half + 0.03
    for place in (-0.45, 0.0, 0.45):
        canvas.segment(-0.6 * half, place * half, 0.6 * half, place * half, width, white, on[1])
        canvas.segment(place * half, -0.6 * half, place * half, 0.6 * half, width, white, on[2])
        canvas.disc(place * half, 0.0, 0.17 * half + 0.02, white, on[4])
    for turn in (-1.0, 1.0):
        canvas.segment(-0.55 * half, -0.55 * turn * half, 0.55 * half, 0.55 * turn * half, width, white, on[3])
        canvas.segment(-0.55 * half, 0.55 * turn * half, 0.55 * half, 0.55 * turn * half, width, white, on[5])
        canvas.segment(0.55 * turn * half, -0.55 * half, 0.55 * turn * half, 0.55 * half, width, white, on[5])
