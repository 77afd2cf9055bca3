"""Plain fine-tuning, and what a fit looks at before it starts: varieties, layers, sizes and unknown tokens."""

import copy
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from aitia.data.parallel import Parallel, read_parallel
from aitia.engine import Progress
from aitia.errors import DataError, MissingExtraError, OptionError, join_names
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.sites import Site
from aitia.nn.sites.places import find_places
from aitia.systems.alignment_hurts.audit import tensors_of
from aitia.systems.alignment_hurts.config import FEWEST, DecouplingConfig
from aitia.systems.alignment_hurts.penalty import Likelihood
from aitia.train import RowBatches, TrainConfig, train

__all__ = [
    "fine_tune",
    "own_model",
    "parted",
    "refuse_too_large",
    "sites_of",
    "training_of",
    "varieties_of",
    "warn_of_unknown",
    "with_adapters",
]

BILLION = 10**9


def fine_tune(
    model: LanguageModel | str | Path,
    data: Any,
    config: DecouplingConfig,
    *,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> LanguageModel:
    """Plain fine-tuning on rows of any number of varieties, with the loss and the options that `decouple` has.

    Raises:
        FormatError, DataError, OptionError, TrainingError: As `Decoupling.decouple`.
    """
    language, rows = own_model(model), read_parallel(data)
    refuse_too_large(language, config)
    batch = tensors_of(language, rows, config)
    train(
        Likelihood(language.model),
        RowBatches(tuple(batch.values()), config.batch, config.seed),
        training_of(config),
        checkpoint=checkpoint,
        progress=progress,
        what="fine-tuning",
    )
    language.model.cpu().eval()
    return language


# -- reading what is given ---------------------------------------------------------------------------------------------


def own_model(model: LanguageModel | str | Path, *, copied: bool = True) -> LanguageModel:
    """A model that may be trained: loaded, or what was given, `copied` where it is another's."""
    if not isinstance(model, LanguageModel):
        made = load_language_model(model, "causal")
    elif copied:
        made = LanguageModel(copy.deepcopy(model.model), model.tokenizer, model.longest)
    else:
        made = model
    made.model.requires_grad_(True)
    if made.tokenizer.eos_token_id is None:
        raise OptionError("the tokenizer has no end of sequence, so the model would never stop: give it an eos_token")
    return made


def varieties_of(rows: Parallel, dominant: str, config: DecouplingConfig) -> tuple[str, ...]:
    """The varieties, the dominant one first."""
    for wanted in (dominant, config.subspace_of):
        if wanted is not None and wanted not in rows.names:
            raise OptionError(f"there is no variety {wanted!r} in the data, there are {join_names(rows.names)}")
    if len(rows.names) < 2:
        raise OptionError(f"all rows are of {dominant}: there is no other variety to decouple from it")
    for name in rows.names:
        if (count := rows.varieties.count(name)) < FEWEST:
            raise DataError(
                f"{name} has {count} sentences, a variety needs at least {FEWEST}: add some or leave it out"
            )
    return (dominant, *(name for name in rows.names if name != dominant))


def refuse_too_large(language: LanguageModel, config: DecouplingConfig) -> None:
    """Refuses what would take days, with an estimate."""
    weights = list(language.model.parameters())
    size = sum(weight.numel() for weight in weights)
    if size <= BILLION or torch.cuda.is_available() or config.force:
        return
    held = sum(weight.numel() * weight.element_size() for weight in weights)
    taken = held * (1.2 if config.lora else 4)  # weights, gradients and two moments of Adam
    raise OptionError(
        f"the model has {size / BILLION:.1f} billion parameters and there is no GPU: training takes about "
        f"{taken / 2**30:.0f} GiB and days; take a smaller model, lora=8 on a GPU, or say force=True"
    )


def sites_of(language: LanguageModel, layers: Sequence[str] | None) -> tuple[Site, ...]:
    """The layers: numbers of blocks, negative ones from the end, or sites; None takes every block."""
    if layers is None:
        wanted: list[str] = [language.blocks]
    else:
        wanted = []
        for told in layers:
            if not told.removeprefix("-").isdigit():
                wanted.append(told)
                continue
            layer = int(told)
            if not -language.layers <= layer < language.layers:
                raise OptionError(
                    f"layer {layer} is not one of the {language.layers} layers, 0 to {language.layers - 1}"
                )
            wanted.append(language.blocks.replace("*", str(layer % language.layers)))
    if not wanted:
        raise OptionError("at least one layer is needed, got none")
    return tuple(place.site for place in find_places(language.model, wanted))


def parted(
    rows: Parallel, names: Sequence[str], config: DecouplingConfig, held: Parallel | None
) -> tuple[Parallel, Parallel]:
    """Rows to train on, and rows that only the probe sees."""
    if held is not None:
        if missing := [name for name in names if name not in held.names]:
            raise OptionError(f"the validation has no row of {missing[0]}")
        return rows, held
    kept: list[int] = []
    for name in names:
        members = [row for row, variety in enumerate(rows.varieties) if variety == name]
        order = torch.randperm(len(members), generator=torch.Generator().manual_seed(config.seed)).tolist()
        kept += [members[k] for k in order[: max(round(config.held * len(members)), 2)]]
    hidden = set(kept)
    return rows.take([row for row in range(len(rows)) if row not in hidden]), rows.take(sorted(hidden))


def warn_of_unknown(language: LanguageModel, rows: Parallel) -> None:
    """Warns of a variety whose targets the tokenizer does not know."""
    unknown = language.tokenizer.unk_token_id
    if unknown is None:
        return
    for name in rows.names:
        ids = [i for line in language.tokenizer(list(rows.of(name).targets))["input_ids"] for i in line]
        if (share := ids.count(unknown) / len(ids)) > 0.05:
            warnings.warn(
                f"{share:.0%} of the tokens of {name} are unknown to the tokenizer: it may lack the script",
                RuntimeWarning,
                stacklevel=3,
            )


def training_of(config: DecouplingConfig) -> TrainConfig:
    """How the model is trained."""
    return TrainConfig(
        steps=config.steps,
        learning_rate=config.learning_rate,
        schedule="cosine",
        clip=config.clip,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        device=config.device,
    )


def with_adapters(model: nn.Module, config: DecouplingConfig) -> Any:
    """Low-rank adapters inside the model's linear layers; the modules keep their names."""
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError("lora needs peft, which is not installed: pip install 'aitia[language]'") from error
    made = peft.LoraConfig(r=cast(int, config.lora), lora_alpha=2 * cast(int, config.lora), target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that is on its way out
        return peft.get_peft_model(cast(Any, model), made)
