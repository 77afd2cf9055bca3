"""Options of who answers questions from correlation to causation."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.graph.pair_relations import READINGS, Reading
from aitia.nn.options import need_at_least, need_one_of

__all__ = ["METHODS", "Corr2CauseConfig", "Method"]

Method = Literal["encoder", "memoriser", "counts", "hypothesis", "solver"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class Corr2CauseConfig:
    """Options of `Corr2Cause`.

    Args:
        method: Who answers where no model is given: `encoder`, a small language model that is trained; `memoriser`,
            trees over the statements as strings; `counts`, boosted trees over seven counts; `hypothesis`, trees that do
            not see the premise; `solver`, the exact answer.
        namings: Namings of each question that is learnt from: 1 is the one that it has; more are dealt anew, each time
            among its own names, and stand in the place of that one.
        common_cause: How the solver reads one: `path`, `ancestor` or `parent`; see `aitia.graph.pair_relations`.
        trees: Of memoriser, counts and hypothesis.
        steps: Updates of the encoder, or of a model that is tuned.
        batch: Questions of an update.
        learning_rate: Of AdamW, falling to zero.
        width: Of the encoder.
        layers: Of the same.
        longest: Statements and words that the encoder reads; a longer question is refused, never cut.
        tune: Whether a model that is given is tuned on the questions, with a head of two classes, in place of being
            asked; it is the folder of an encoder or decoder, or `owner/name`.
        lora: Rank of the updates of its attention (peft); 0 trains every weight.
        tuning_rate: Of AdamW there.
        both_orders: Whether a model that is given is asked with its options in both orders.
        cache: Folder of the answers of that model that are at hand; empty keeps none.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range.
    """

    method: Method = "encoder"
    namings: int = 1
    common_cause: Reading = "path"
    trees: int = 60
    steps: int = 600
    batch: int = 64
    learning_rate: float = 2e-3
    width: int = 64
    layers: int = 2
    longest: int = 256
    tune: bool = False
    lora: int = 8
    tuning_rate: float = 2e-4
    both_orders: bool = True
    cache: str = ""
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, method=METHODS, common_cause=READINGS)
        need_at_least(self, namings=1, trees=1, steps=1, batch=1, width=8, layers=1, longest=8, lora=0)
        for name in ("learning_rate", "tuning_rate"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} is positive, got {getattr(self, name)}")
        if self.width % 8:
            raise OptionError(f"the encoder has 4 heads, so its width is a multiple of 8, got {self.width}")
