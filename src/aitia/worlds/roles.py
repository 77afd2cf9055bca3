"""Who did what to whom: texts of a few events, each in one of four word orders, with two words for most things.

    event k = (actor_k, verb_k, patient_k, thing_k, place_k),   each even;  patient_k among those that are not the actor
    form even among four: event k is told in the order number form + k, modulo 4                                    (1)

    active       ann handed bob the lamp in the garden
    passive      bob was handed the lamp in the garden by ann
    place first  in the garden ann handed bob the lamp
    thing first  the lamp was handed to bob by ann in the garden

Actors and patients come from one list of names, so that a bag of words does not tell who did it. Which of two words
stands for a verb, thing or place is wording. Two texts with the same events in other forms mean the same; one whose
actor and patient are exchanged has the same words and means something else (`triples`).

Source:
    The task follows Lin, Causal2Vec, 2025; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["RoleTriples", "RolesWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

NAMES = (
    "ann", "bob", "carl", "dora", "emil", "flora", "gus", "hilda", "ivan", "judy", "kurt", "lena", "max", "nina",
)  # fmt: skip
VERBS = (
    ("handed", "passed"), ("sold", "traded"), ("lent", "loaned"), ("sent", "mailed"), ("tossed", "flung"),
    ("promised", "pledged"), ("brought", "carried"), ("offered", "presented"),
)  # fmt: skip
THINGS = (
    ("lamp", "lantern"), ("coat", "jacket"), ("cup", "mug"), ("rug", "carpet"), ("picture", "painting"),
    ("bag", "sack"), ("stone", "rock"), ("boat", "ship"), ("letter", "note"), ("ring", "band"),
)  # fmt: skip
PLACES = (
    ("garden", "yard"), ("street", "road"), ("shop", "store"), ("forest", "wood"), ("harbour", "port"),
    ("station", "depot"), ("house", "home"), ("hall", "lobby"), ("hill", "mound"), ("field", "meadow"),
)  # fmt: skip
FORMS = ("active", "passive", "place first", "thing first")
ORDERS = (
    "{actor} {verb} {patient} the {thing} in the {place} .",
    "{patient} was {verb} the {thing} in the {place} by {actor} .",
    "in the {place} {actor} {verb} {patient} the {thing} .",
    "the {thing} was {verb} to {patient} by {actor} in the {place} .",
)
SLOTS: Mapping[str, Sequence[object]] = {
    "actor": NAMES, "verb": VERBS, "patient": NAMES, "thing": THINGS, "place": PLACES,
}  # fmt: skip


class RoleTriples(NamedTuple):
    """Texts for retrieval, n each.

    Args:
        query: A text.
        positive: The same events in another form, in other words.
        negative: As `positive`, of one event of which something differs.
        swapped: (n,) whether actor and patient of that event are exchanged; else one of its five parts is another.
    """

    query: list[str]
    positive: list[str]
    negative: list[str]
    swapped: NDArray[np.bool_]


class RolesWorld(TextWorld):
    """Texts of who did what to whom; see the module.

    Args:
        events: Of a text.

    Raises:
        OptionError: If there is no event.

    Example:
        >>> world = RolesWorld(events=1)
        >>> fact = world.sample(1, seed=2)
        >>> print(world.render(fact)[0])
        the carpet was mailed to bob by carl in the mound .
        >>> print(world.render(world.counterfactual(fact, "do(form=active)"))[0])
        carl mailed bob the carpet in the mound .
        >>> print(world.render(world.counterfactual(fact, "do(actor1=bob, patient1=carl)"))[0])
        the carpet was mailed to carl by bob in the mound .
    """

    name: ClassVar[str] = "roles"

    def __init__(self, events: int = 3) -> None:
        if events < 1:
            raise OptionError(f"a text has 1 event or more, got {events}")
        self.events = events

    @cached_property
    def graph(self) -> Graph:
        """An actor is nobody's patient in the event; all else stands apart."""
        numbers = range(1, self.events + 1)
        names = [f"{slot}{k}" for k in numbers for slot in SLOTS]
        return Graph([(f"actor{k}", f"patient{k}") for k in numbers], (*names, "form", WORDING))

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """Five parts of each event, `actor1` on, and the form."""
        found = [
            Latent(f"{slot}{k}", 0.0, len(held) - 1.0, kind="categorical", labels=_labels(held))
            for k in range(1, self.events + 1)
            for slot, held in SLOTS.items()
        ]
        return (*found, Latent("form", 0.0, len(FORMS) - 1.0, kind="categorical", labels=FORMS))

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """Even; a patient is one of those that are not the actor."""
        if name.startswith("patient"):
            shift: Values = 1 + code_of(noise, np.full(len(NAMES) - 1, 1 / (len(NAMES) - 1)))
            return (parents[f"actor{name.removeprefix('patient')}"] + shift) % len(NAMES)
        count = len(self.latent(name).labels)
        return code_of(noise, np.full(count, 1 / count))

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The events one after another."""
        form = np.asarray(concepts["form"], dtype=np.int64)
        texts = [""] * len(form)
        for k in range(1, self.events + 1):
            codes = {slot: np.asarray(concepts[f"{slot}{k}"], dtype=np.int64) for slot in SLOTS}
            which = {slot: wording.pick(f"{slot}{k}", 2) for slot in ("verb", "thing", "place")}
            for i in range(len(form)):
                said = {slot: _word(SLOTS[slot][codes[slot][i]], which.get(slot, form)[i]) for slot in SLOTS}
                event = ORDERS[(form[i] + k - 1) % len(ORDERS)].format(**said)
                texts[i] = f"{texts[i]} {event}" if texts[i] else event
        return texts

    def triples(self, n: int, seed: int = 0) -> RoleTriples:
        """n texts, each with one that means the same and one that almost does; half of the latter by exchange.

        Raises:
            OptionError: If n is below 1.
        """
        if n < 1:
            raise OptionError(f"n is 1 or more, got {n}")
        fact, random = self.sample(n, seed=seed), np.random.default_rng([seed, 1])
        form = (fact["form"] + random.integers(1, len(FORMS), n)) % len(FORMS)
        same = replace(fact, latents={**fact.latents, "form": form, WORDING: random.random(n)})
        swapped = np.arange(n) % 2 == 0
        other = self._altered(same, swapped, random)
        anew = replace(other, latents={**other.latents, WORDING: random.random(n)})
        return RoleTriples(list(self.render(fact)), list(self.render(same)), list(self.render(anew)), swapped)

    def _altered(self, sample: Sample, swapped: NDArray[np.bool_], random: np.random.Generator) -> Sample:
        """Each row under do of one event: actor and patient exchanged, or one part set to another value."""
        n = len(sample)
        latents = {name: values.copy() for name, values in sample.latents.items()}
        event, slots = random.integers(1, self.events + 1, n), list(SLOTS)
        slot, shift = random.integers(len(slots), size=n), random.random(n)
        for i in range(n):
            actor, patient = f"actor{event[i]}", f"patient{event[i]}"
            if swapped[i]:
                latents[actor][i], latents[patient][i] = latents[patient][i], latents[actor][i]
                continue
            name = f"{slots[slot[i]]}{event[i]}"
            taken = {latents[name][i]} | (
                {latents[actor][i], latents[patient][i]} if name in (actor, patient) else set()
            )
            free = [code for code in range(len(self.latent(name).labels)) if code not in taken]
            latents[name][i] = free[int(shift[i] * len(free))]
        return replace(sample, latents=latents)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        plain = {word for order in ORDERS for word in order.split() if "{" not in word}
        return tuple(sorted(plain | set(NAMES) | {word for of in (*VERBS, *THINGS, *PLACES) for word in of}))


def _word(held: object, which: int) -> str:
    return held if isinstance(held, str) else str(held[which])  # type: ignore[index]


def _labels(held: Sequence[object]) -> tuple[str, ...]:
    return tuple(_word(words, 0) for words in held)
