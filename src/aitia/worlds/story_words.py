"""What stories are about, and how their rules, facts and questions are said."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aitia.worlds.actual_causes import BooleanModel

__all__ = ["ASKED", "EVENTS", "STRUCTURES", "SURFACES", "Happening", "Surface", "question_of", "rule_of"]

EVENTS = ("first", "second", "third")
ASKED = ("necessary", "sufficient", "cause", "would")
"""But-for; whatever the others do; an actual cause or, where parts count, part of one; what would have been."""


@dataclass(frozen=True)
class Happening:
    """A thing that happens or does not, with its verb in three forms.

    Example:
        >>> lamp = Happening("the lamp", "light", "lights", "lit", "lit", "up")
        >>> lamp.was(True), lamp.was(False), lamp.had(False)
        ('the lamp lit up', 'the lamp did not light up', 'the lamp had not lit up')
    """

    subject: str
    base: str
    third: str
    past: str
    participle: str
    rest: str = ""

    def _joined(self, *words: str) -> str:
        return " ".join(word for word in (self.subject, *words, self.rest) if word)

    @property
    def happens(self) -> str:
        """In the present."""
        return self._joined(self.third)

    def was(self, so: bool) -> str:
        """In the past, as it was."""
        return self._joined(self.past) if so else self._joined("did not", self.base)

    def had(self, so: bool) -> str:
        """As the condition of what would have been."""
        return self._joined("had", self.participle) if so else self._joined("had not", self.participle)

    @property
    def would(self) -> str:
        """As a question."""
        return f"would {self._joined('have', self.participle)}"


@dataclass(frozen=True)
class Surface:
    """Three things that may happen, and what may come of them."""

    first: Happening
    second: Happening
    third: Happening
    outcome: Happening

    def events(self, structure: str) -> Mapping[str, Happening]:
        """By name; who is a backup stands ready or does not."""
        second = self.second
        if structure == "backup":
            second = Happening(second.subject, "stand", "stands", "stood", "stood", "ready")
        return {"first": self.first, "second": second, "third": self.third}


def _does(subject: str, base: str, past: str = "", participle: str = "", rest: str = "", third: str = "") -> Happening:
    past = past or f"{base}ed"
    return Happening(subject, base, third or f"{base}s", past, participle or past, rest)


SURFACES: Mapping[str, Surface] = {
    "lamp": Surface(
        _does("Ann", "press", rest="the left switch", third="presses"),
        _does("Ben", "press", rest="the right switch", third="presses"),
        _does("Cara", "press", rest="the switch in the middle", third="presses"),
        _does("the lamp", "light", "lit", rest="up"),
    ),
    "bottle": Surface(
        _does("Suzy", "throw", "threw", "thrown", "a stone"), _does("Billy", "throw", "threw", "thrown", "a stone"),
        _does("Tom", "throw", "threw", "thrown", "a stone"), _does("the bottle", "break", "broke", "broken"),
    ),
    "forest": Surface(
        _does("lightning", "strike", "struck", rest="the forest"), _does("Max", "drop", "dropped", rest="a match"),
        _does("Eva", "leave", "left", rest="a bottle in the sun"), _does("the forest", "burn", rest="down"),
    ),
    "vote": Surface(
        _does("Alma", "vote", "voted", rest="for the motion"), _does("Bert", "vote", "voted", rest="for the motion"),
        _does("Carl", "vote", "voted", rest="for the motion"), _does("the motion", "pass", third="passes"),
    ),
    "alarm": Surface(
        _does("smoke", "reach", rest="the sensor", third="reaches"), _does("Ida", "pull", rest="the handle"),
        _does("Jan", "call", rest="the porter"), _does("the alarm", "ring", "rang", "rung"),
    ),
    "plant": Surface(
        _does("Dora", "water", rest="the plant"), _does("Emil", "water", rest="the plant"),
        _does("Fay", "water", rest="the plant"), _does("the plant", "survive", "survived"),
    ),
    "door": Surface(
        _does("Finn", "enter", rest="the code"), _does("Gina", "turn", rest="the key"),
        _does("Hugo", "pull", rest="the lever"), _does("the door", "open"),
    ),
    "page": Surface(
        _does("the old server", "fail"), _does("Kim", "stop", "stopped", rest="the new server"),
        _does("Lee", "unplug", "unplugged", rest="the router"), _does("the page", "go", "went", "gone", "down", "goes"),
    ),
}  # fmt: skip

STRUCTURES: Mapping[str, BooleanModel] = {
    "both": BooleanModel(EVENTS, {"outcome": lambda v: v["first"] and v["second"]}),
    "either": BooleanModel(EVENTS, {"outcome": lambda v: v["first"] or v["second"]}),
    "late": BooleanModel(
        EVENTS,
        {
            "first works": lambda v: v["first"],
            "second works": lambda v: v["second"] and not v["first works"],
            "outcome": lambda v: v["first works"] or v["second works"],
        },
    ),
    "backup": BooleanModel(
        EVENTS,
        {
            "second acts": lambda v: v["second"] and not v["first"],
            "outcome": lambda v: v["first"] or v["second acts"],
        },
    ),
    "majority": BooleanModel(EVENTS, {"outcome": lambda v: v["first"] + v["second"] + v["third"] >= 2}),
    "prevention": BooleanModel(
        EVENTS,
        {
            "kept": lambda v: v["first"] and not v["second"],
            "outcome": lambda v: v["third"] and not v["kept"],
        },
    ),
}
"""Both are needed; each suffices; the first works first (Suzy and Billy); the second acts only if the first does not;
two of three; the first keeps the third from working, unless the second keeps the first from it."""

_RULES: Mapping[str, str] = {
    "both": "{o} if {a} and {b}, and not otherwise.",
    "either": "{o} if {a} or {b}, and not otherwise.",
    "late": "{o} if {a} or {b}, and not otherwise. {A} works first: if {a}, what {B} does comes too late and has no "
    "effect any more.",
    "backup": "{o} if {a} or {c}, and not otherwise. {B} may stand ready: who stands ready looks, and only if it is "
    "not so that {a}, {c}.",
    "majority": "{o} if at least two of these three are so, and not otherwise: {a}; {b}; {d}.",
    "prevention": "{o} if {d}, and not otherwise; but not if {a}, for that keeps it off. If {b}, though, what {A} "
    "does has no effect.",
}


def rule_of(structure: str, surface: Surface) -> str:
    """What follows from what, in words."""
    events = surface.events(structure)
    told = _RULES[structure].format(
        o=surface.outcome.happens, a=events["first"].happens, b=events["second"].happens, c=surface.second.happens,
        d=events["third"].happens, A=f"what {surface.first.subject} does" if structure == "late" else (
            surface.first.subject), B=surface.second.subject,
    )  # fmt: skip
    return ". ".join(part[:1].upper() + part[1:] for part in told.split(". "))


def question_of(asked: str, event: Happening, so: bool, outcome: Happening, parts: bool) -> str:
    """What is asked of an event that was so or not."""
    part = ", or a part of one," if parts else ""
    said: Mapping[str, Callable[[], str]] = {
        "necessary": lambda: (
            f"Was it necessary for this that {event.was(so)}? Necessary means: if it had been "
            "otherwise, the outcome would have been another."
        ),
        "sufficient": lambda: (
            f"Was it sufficient for this that {event.was(so)}? Sufficient means: with it, the outcome "
            "would have been the same whatever else had happened or not."
        ),
        "cause": lambda: f"Is it an actual cause{part} of this outcome that {event.was(so)}?",
        "would": lambda: f"If {event.had(not so)}, {outcome.would}?",
    }
    return said[asked]()
