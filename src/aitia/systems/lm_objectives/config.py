"""Options of comparing and adapting language models."""

from dataclasses import dataclass
from typing import Literal, get_args

from aitia.errors import OptionError
from aitia.nn.options import need_at_least, need_one_of
from aitia.systems.lm_objectives.stages import parsed

__all__ = ["BUDGETS", "RANKINGS", "Budget", "LmObjectivesConfig", "Ranking"]

Budget = Literal["processed", "carrying"]
"""Which tokens a budget counts: all that are read, or those that carry loss."""
BUDGETS: tuple[Budget, ...] = get_args(Budget)
Ranking = Literal["sum", "mean"]
"""By what options are ranked: their log-probability, or that of a token of theirs."""
RANKINGS: tuple[Ranking, ...] = get_args(Ranking)


@dataclass(frozen=True)
class LmObjectivesConfig:
    """Options of `LmObjectives`.

    Args:
        arms: What is trained, `ARCHITECTURE:OBJECTIVE` each: `cd` (causal decoder), `nd` (decoder that sees its input
            both ways) or `ed` (encoder and decoder), and `flm` (every token), `plm` (what follows a cut) or `mlm`
            (masked spans). `cd:flm>nd:mlm` is adapted from the first to the second.
        answer_by: The arm that answers, is adapted and exported; empty is the first.
        tokens: Budget of each arm before any change.
        change_tokens: Budget of each change that `>` asks for.
        task_tokens: Budget of finetuning on the tasks that are not held out; 0 asks them as they are.
        budget: Whether budgets count tokens that are `processed` or those that are `carrying` loss.
        adapt_to: What `adapt` changes the model to where it is given texts, such as `nd:mlm`; empty goes on as it is.
        rank_by: Log-probability of an option by its `sum` or its `mean` over tokens.
        most: Tokens that are written where there are no options.
        batch: Documents of an update.
        length: Tokens of a piece of a document.
        learning_rate: Of AdamW, falling to zero over each training.
        tokenizer: Folder or id of the tokenizer of small models; empty takes whole words of the rows.
        words: Of these at most, the commonest.
        add_sentinels: Whether a given model gets the rows for masked spans that it lacks.
        width: Of the small models that are made where no model is given.
        layers: Of the same; an encoder-decoder has as many of both.
        seed: Of everything.
        device: `auto` or `cpu`.

    Raises:
        OptionError: If a value is out of range, or an arm is none.
    """

    arms: tuple[str, ...] = ("cd:flm",)
    answer_by: str = ""
    tokens: int = 500_000
    change_tokens: int = 150_000
    task_tokens: int = 0
    budget: Budget = "processed"
    adapt_to: str = ""
    rank_by: Ranking = "sum"
    most: int = 32
    batch: int = 32
    length: int = 128
    learning_rate: float = 1e-3
    tokenizer: str = ""
    words: int = 20_000
    add_sentinels: bool = False
    width: int = 96
    layers: int = 3
    seed: int = 0
    device: Literal["auto", "cpu"] = "auto"

    def __post_init__(self) -> None:
        need_one_of(self, budget=BUDGETS, rank_by=RANKINGS)
        need_at_least(
            self, tokens=0, change_tokens=1, task_tokens=0, most=1, batch=1, length=8, words=1, width=8, layers=1
        )
        if not self.arms or len(set(self.arms)) < len(self.arms):
            raise OptionError(
                f"arms are different from each other and at least one, got {', '.join(self.arms) or 'none'}"
            )
        for arm in self.arms:
            parsed(arm)
        if self.adapt_to and len(parsed(self.adapt_to)) > 1:
            raise OptionError(f"adapt_to is one architecture and objective, such as nd:mlm, got {self.adapt_to!r}")
        if self.answer_by and self.answer_by not in self.arms:
            raise OptionError(f"answer_by is one of the arms, {', '.join(self.arms)}, got {self.answer_by!r}")
        if not self.learning_rate > 0:
            raise OptionError(f"learning_rate is positive, got {self.learning_rate}")
        if self.width % 8:
            raise OptionError(f"the small models have 4 heads, so their width is a multiple of 8, got {self.width}")
