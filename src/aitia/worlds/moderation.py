"""Short requests to a shop whose wording style goes with what they want: a complaint is blunt, praise is polite.

    platform -> motivation -> intent,   platform -> target,   (platform, motivation) -> style                     (1)
    text = write(motivation, target, style, platform; wording)                                                     (2)

The intent, the label, is the sign of the motivation; it has no arrow into the text, for the text follows what the
writer wants and not what a reader calls it. A text holds two words of intent, each of which says nothing with
probability `ambiguity`, three markers of style, two words of the target, two of the platform, and up to three words
that mean nothing. Of the texts, ambiguity^2 show no intent at all, so that nobody reads more than 1 - ambiguity^2 / 2
of them right from what they say (.875 as it is), but for the little that the platform tells.

Each platform has a house rule of style: P(style says the intent) is `agreement[environment]` plus and minus 0.04 on
the two platforms. The environments are `train` (.9), `balanced` (.5) and `reversed` (.1); nothing but style differs.

The source has no arrow motivation -> style: there the platform alone is behind both. With one binary platform an
agreement of .9 would ask that the platform itself tells the intent to 95 %; a reader of the platform would then be
right without any style, and nothing would be left to deconfound. The house rule stands in place of this.

Source:
    Zhao, Causality guided representation learning for cross-style hate speech detection, WWW 2026, section 3, for the
    graph; subject, words and numbers are ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.sample import Latent
from aitia.worlds.texts import TextWorld, Wording, code_of

__all__ = ["INTENTS", "PLATFORMS", "STYLES", "TARGETS", "ModerationWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]

INTENTS = ("praise", "complaint")
STYLES = ("polite", "blunt")
PLATFORMS = ("forum", "store")
TARGETS = ("delivery", "billing", "app", "staff")

_Phrases = tuple[str, ...]
_JUDGED: Mapping[str, _Phrases] = MappingProxyType(
    {
        "praise": ("perfect", "flawless", "superb", "excellent"),
        "complaint": ("late", "wrong", "broken", "useless"),
        "": ("notable", "unexpected", "different", "unusual"),
    }
)
_FELT: Mapping[str, _Phrases] = MappingProxyType(
    {
        "praise": ("delighted", "happy", "impressed", "grateful"),
        "complaint": ("annoyed", "unhappy", "disappointed", "upset"),
        "": ("surprised", "curious", "talking", "writing"),
    }
)
_STYLED: Mapping[str, tuple[_Phrases, _Phrases, _Phrases]] = MappingProxyType(
    {
        "polite": (
            ("hello", "greetings", "welcome", "dear"),
            ("kindly", "respectfully", "humbly", "graciously"),
            ("regards", "sincerely", "cordially", "faithfully"),
        ),
        "blunt": (
            ("listen", "look", "hey", "oi"),
            ("plainly", "flatly", "frankly", "simply"),
            ("period", "obviously", "whatever", "done"),
        ),
    }
)
_ABOUT: Mapping[str, tuple[_Phrases, _Phrases]] = MappingProxyType(
    {
        "delivery": (("parcel", "package", "shipment"), ("courier", "van", "doorstep")),
        "billing": (("invoice", "payment", "refund"), ("amount", "receipt", "fee")),
        "app": (("screen", "login", "menu"), ("update", "button", "version")),
        "staff": (("agent", "clerk", "manager"), ("counter", "hotline", "desk")),
    }
)
_PLACED: Mapping[str, tuple[_Phrases, _Phrases]] = MappingProxyType(
    {
        "forum": (("thread", "post", "topic"), ("members", "upvotes", "replies")),
        "store": (("order", "basket", "purchase"), ("shoppers", "stars", "ratings")),
    }
)
_EMPTY: _Phrases = ("today", "again", "here", "now", "really", "overall")


class ModerationWorld(TextWorld):
    """Requests with intent, style, target and platform; see the module.

    Args:
        ambiguity: Probability that a word of intent says nothing.
        agreement: P(style says the intent) of each environment, by its name.

    Raises:
        OptionError: If a number is no probability, or an agreement leaves no room for the two house rules.

    Example:
        >>> world = ModerationWorld()
        >>> fact = world.sample(1, seed=3)
        >>> print(world.render(fact)[0])
        hello the agent desk was different thread graciously happy members faithfully overall now
        >>> print(world.render(world.counterfactual(fact, "do(style=blunt)"))[0])
        listen the agent desk was different thread simply happy members done overall now
    """

    name: ClassVar[str] = "moderation"
    graph = Graph(
        "platform -> motivation; motivation -> intent; platform -> target; platform -> style; motivation -> style",
        ("platform", "motivation", "target", "style", "intent", "wording"),
    )

    def __init__(self, ambiguity: float = 0.5, agreement: Mapping[str, float] | None = None) -> None:
        if not 0 <= ambiguity <= 1:
            raise OptionError(f"ambiguity is a probability, got {ambiguity}")
        given = dict(agreement or {"train": 0.9, "balanced": 0.5, "reversed": 0.1})
        for label, share in given.items():
            if not 0.04 <= share <= 0.96:
                raise OptionError(f"the agreement of style and intent lies in [0.04, 0.96], got {share} for {label!r}")
        self.ambiguity, self.agreement = ambiguity, given
        self.environments = tuple(given)
        self.changes = MappingProxyType(dict.fromkeys(self.environments[1:], ("style",)))

    @property
    def concepts(self) -> tuple[Latent, ...]:
        """Platform, motivation, target, style and intent."""
        return (
            _category("platform", PLATFORMS),
            Latent("motivation", -3.0, 3.0),
            _category("target", TARGETS),
            _category("style", STYLES),
            _category("intent", INTENTS),
        )

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name == "platform":
            return code_of(noise, [0.5, 0.5])
        if name == "intent":
            return (parents["motivation"] > 0).astype(np.float64)
        platform = parents["platform"]
        if name == "motivation":  # P(complaint) is .45 and .55 on the two platforms
            moved: Values = noise + np.where(platform > 0, 0.1257, -0.1257)
            return moved
        if name == "target":
            return code_of(noise, np.array([[0.4, 0.4, 0.1, 0.1], [0.1, 0.1, 0.4, 0.4]])[platform.astype(int)])
        agreed = np.array([self.agreement[label] for label in self.environments])[env]
        follows = noise < agreed + np.where(platform > 0, 0.04, -0.04)
        return np.where(follows, parents["motivation"] > 0, parents["motivation"] <= 0).astype(np.float64)

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """(2)."""
        intent = [INTENTS[int(m > 0)] for m in concepts["motivation"]]
        style = [STYLES[int(code)] for code in concepts["style"]]
        target = [TARGETS[int(code)] for code in concepts["target"]]
        platform = [PLATFORMS[int(code)] for code in concepts["platform"]]
        choices = {"judged": 4, "felt": 4, "open": 4, "how": 4, "close": 4, "what": 3, "which": 3, "where": 3, "who": 3}
        picks = {place: wording.pick(place, count) for place, count in (choices | {"tail": 4}).items()}
        vague = [wording.chance(f"{place} is vague", self.ambiguity) for place in ("judged", "felt")]
        tails = np.stack([wording.pick(f"tail {k}", _EMPTY) for k in range(3)], axis=1)
        texts = []
        for row in range(len(style)):
            at = {place: int(pick[row]) for place, pick in picks.items()}
            judged = _JUDGED["" if vague[0][row] else intent[row]][at["judged"]]
            felt = _FELT["" if vague[1][row] else intent[row]][at["felt"]]
            opened, how, closed = _STYLED[style[row]]
            what, which = _ABOUT[target[row]]
            where, who = _PLACED[platform[row]]
            words = [opened[at["open"]], "the", what[at["what"]], which[at["which"]], "was", judged, where[at["where"]]]
            words += [how[at["how"]], felt, who[at["who"]], closed[at["close"]]]
            words += [_EMPTY[k] for k in tails[row, : at["tail"]]]
            texts.append(" ".join(words))
        return texts

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        words = {"the", "was", *_EMPTY}
        for phrases in (*_JUDGED.values(), *_FELT.values()):
            words.update(phrases)
        for places in (*_STYLED.values(), *_ABOUT.values(), *_PLACED.values()):
            words.update(word for phrases in places for word in phrases)
        return tuple(sorted(words))

    def read(self, texts: Iterable[str], concept: Literal["intent", "style", "target", "platform"]) -> Codes:
        """What the words of texts say of a concept, by its keywords: the code that most of them name.

        Args:
            texts: Of this world's words; others are passed over.
            concept: `intent`, `style`, `target` or `platform`.

        Returns:
            (n,) codes; -1 where no word says it, or two codes are named equally often.

        Raises:
            OptionError: If the concept is no such name.

        Example:
            >>> ModerationWorld().read(["hey the parcel was late", "the menu was different"], "intent").tolist()
            [1, -1]
        """
        if concept not in _KEYWORDS:
            raise OptionError(f"keywords tell {', '.join(_KEYWORDS)}, not {concept!r}")
        sets = _KEYWORDS[concept]
        counts = np.array([[sum(word in words for word in text.split()) for words in sets] for text in texts])
        counts = counts.reshape(-1, len(sets))
        best: Codes = counts.argmax(axis=1)
        tied = (counts == counts.max(axis=1, keepdims=True)).sum(axis=1) > 1
        return np.where(tied, -1, best)


def _category(name: str, labels: tuple[str, ...]) -> Latent:
    return Latent(name, 0.0, len(labels) - 1.0, kind="categorical", labels=labels)


_KEYWORDS: Mapping[str, tuple[frozenset[str], ...]] = MappingProxyType(
    {
        "intent": tuple(frozenset((*_JUDGED[intent], *_FELT[intent])) for intent in INTENTS),
        **{
            concept: tuple(frozenset(word for phrases in table[label] for word in phrases) for label in labels)
            for concept, labels, table in (
                ("style", STYLES, _STYLED), ("target", TARGETS, _ABOUT), ("platform", PLATFORMS, _PLACED)
            )
        },
    }
)  # fmt: skip
"""For each concept the words of each of its codes."""
