"""Fine-tuning a multilingual model away from the subspace of its dominant variety, and an audit of where varieties sit.

Every few hundred steps the model is held still, and a variational probe is fitted that tells the varieties apart by the
states h of a layer, averaged over the tokens of a target. What tells the dominant variety D from the others spans

    U = first right singular vectors of { mu_D - mu_k : k other varieties },    P = U U^T                          (1)

as many as hold 90 % of the squares, at most 8; mu are the probe's mean weights, taken back to the units of h. Between
two such fits P is constant, and the loss is

    L = L_fine-tuning + lambda mean_tokens e(h),    e(h) = ||h P||                                    published    (2)
                                                    e(h) = ||h P|| / ||h||, others' tokens only       relative     (3)

summed over layers. In (2) a model can shrink h as a whole, since a norm follows each block, and the dominant variety
itself is pushed out of its own subspace. (3), whose denominator has no gradient, leaves neither way open. `hard=True`
takes h P out of every state instead, in training and afterwards. (3) clears the others' states only, so that a probe
tells them from the dominant variety's as easily as before.

What makes an effect of P one of the subspace and not of any penalty: a random subspace of the same rank, drawn anew at
the same steps (`subspace="random"`); the whole of h, at a weight that makes the penalty as large as that of (1)
(`"whole"`); the subspace of another variety (`variety=...`); P as it was at the start (`every=None`).

Where we differ from the source. Its probe, layers, rank and lambda are not told: (1) is ours. lambda grows over the
steps after a fit, for P jumps there. States are those of the target's own tokens: the token that names the variety
would tell it by itself. Measured on our world, (2) and (3) take the energy away and the others are written no better:
more words of the dominant variety leak into them (`aitia verify alignment-hurts`).

Source:
    Elshabrawy, When Alignment Hurts: Decoupling Representational Spaces in Multilingual Models, arXiv 2508.12803
    (2025).
"""

import copy
import json
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import Tensor, nn

from aitia.data.parallel import Parallel, read_parallel
from aitia.engine import Progress
from aitia.errors import DataError, FormatError, MissingExtraError, OptionError, RunError, join_names
from aitia.files import write_whole
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.probes import CodeLength
from aitia.nn.sites import Site, intervene, random_subspace
from aitia.nn.sites.places import find_places
from aitia.nn.weights import read_weights, write_weights
from aitia.stats.metrics import chrf
from aitia.systems.alignment_hurts.audit import LayerAudit, VarietyProbe, tensors_of
from aitia.systems.alignment_hurts.card import CARD
from aitia.systems.alignment_hurts.options import FEWEST, LARGEST, DecouplingConfig
from aitia.systems.alignment_hurts.penalty import Likelihood, Objective, Penalty, projections
from aitia.train import History, RowBatches, TrainConfig, train

__all__ = ["Decoupling", "fine_tune"]

BILLION = 10**9


class Decoupling:
    """Fine-tunes a causal language model on several varieties while its states leave the dominant one's subspace.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        dominant: The dominant variety.
        varieties: All of them, the dominant one first.
        sites: The layers.
        history: How the training went.
        audits: Of each layer before, at each fit of the probe, and after.

    Example:
        >>> from aitia.nn.language import piece_tokenizer, small_decoder
        >>> source, target, variety = ["c1", "c2"] * 60, ["ka to", "to", "to ka", "ka"] * 30, ["a", "a", "b", "b"] * 30
        >>> decoder = small_decoder(piece_tokenizer(["c1", "c2", "[a]", "[b]"], ["ka", "to"]), width=16, layers=2)
        >>> model = Decoupling(steps=4, every=2, probe_steps=5)
        >>> rows = {"source": source, "target": target, "variety": variety}
        >>> _ = model.decouple(decoder, rows, dominant="a", layers=[-1])
        >>> len(model.translate(["c1"], "b")), [audit.when for audit in model.audits]
        (1, ['before', 'step 0', 'step 2', 'after'])
    """

    card = CARD

    def __init__(self, config: DecouplingConfig | None = None, **options: Any) -> None:
        self.config = _options(config or DecouplingConfig(), options)
        self.dominant = ""
        self.varieties: tuple[str, ...] = ()
        self.sites: tuple[Site, ...] = ()
        self.history = History()
        self.audits: tuple[LayerAudit, ...] = ()
        self._model: LanguageModel | None = None
        self._penalty: Penalty | None = None

    @property
    def model(self) -> LanguageModel:
        """The fine-tuned model.

        Raises:
            OptionError: Before `decouple`.
        """
        if self._model is None:
            raise OptionError("nothing has been fine-tuned yet: call decouple first")
        return self._model

    # -- training ------------------------------------------------------------------------------------------------------

    def decouple(
        self,
        model: LanguageModel | str | Path,
        data: Any,
        *,
        dominant: str,
        layers: Sequence[int | str] | str | None = None,
        validation: Any = None,
        checkpoint: Path | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Self:
        """Fine-tunes a model; the one that is given stays as it is.

        Args:
            model: A causal language model, or its id or folder.
            data: Rows of source, target and variety, or a file or folder of them; see `aitia.data.parallel`.
            dominant: The dominant variety.
            layers: Numbers of blocks, negative ones from the end, or sites; None takes every block.
            validation: Further such rows, which only the probe sees; None holds a share of data back.
            checkpoint: Folder to resume from, and to keep the state of the training in.
            progress: Told how far it is.
            options: Options by name, in place of those of the config.

        Raises:
            OptionError: If the dominant variety is not there or is the only one, the rank is too large, an option is
                out of range, or the model is too large for this machine.
            DataError: If a variety has fewer than 50 sentences, or a row has too many tokens.
            FormatError: If model or data cannot be read.
            UnknownVariableError: If a layer is not there; names the nearest.
            TrainingError: If the loss is not finite.
        """
        config = self.config = _options(self.config, options)
        rows = read_parallel(data)
        names = _varieties(rows, dominant, config)
        language = _own(model)
        _refuse_too_large(language, config)
        self.sites = _sites(language, layers)
        train_rows, probe_rows = _parted(rows, names, config, validation)
        _warn_of_unknown(language, rows)
        if config.rank is not None and config.rank > min(len(names) - 1, language.width):
            raise OptionError(
                f"{len(names)} varieties in {language.width} units differ in at most "
                f"{min(len(names) - 1, language.width)} directions, got rank={config.rank}"
            )
        self.dominant, self.varieties, self._model = dominant, names, None
        probe = VarietyProbe(language, probe_rows, names, self.sites, config)
        penalty = self._penalty = Penalty(language.width, len(self.sites), config)
        inner = language.model
        adapted = _with_adapters(inner, config) if config.lora else None
        if checkpoint is not None:
            checkpoint.mkdir(parents=True, exist_ok=True)
        record = None if checkpoint is None else checkpoint / "fits.json"
        objective = Objective(inner, penalty, self.sites, probe, self._subspace, config, record)
        if config.device == "auto" and torch.cuda.is_available():
            objective.cuda()
        before = probe.audit("before")
        batch = tensors_of(language, train_rows, config)
        others = torch.tensor([name != dominant for name in train_rows.varieties])
        self.history = train(
            objective,
            RowBatches((*batch.values(), others), config.batch, config.seed),
            _training(config),
            before=objective.before,
            checkpoint=None if checkpoint is None else checkpoint / "training.safetensors",
            progress=progress,
            what="decoupling",
        )
        inner.eval()
        if adapted is not None:
            language.model = adapted.merge_and_unload().eval()
            probe.model = language.model
        fits = [audit for audits in objective.fits.values() for audit in audits]
        self._model = language
        with self._projected():
            self.audits = (*before, *fits, *probe.audit("after", penalty.fitted))
        penalty.cpu()
        language.model.cpu()
        return self

    def _subspace(self, code: CodeLength, states: Tensor, seed: int) -> Tensor:
        """The basis of a layer, by the options."""
        config = self.config
        label = self.varieties.index(config.variety or self.dominant)
        basis = code.contrasts(label, most=LARGEST, rank=config.rank, certain=config.certain)
        if config.subspace == "random":
            return random_subspace(states.shape[1], basis.shape[1], seed)
        return basis

    # -- asking --------------------------------------------------------------------------------------------------------

    def translate(self, sources: Sequence[str], variety: str, *, most: int = 64, batch_size: int = 256) -> list[str]:
        """How the model says these sources in a variety, written greedily.

        Args:
            sources: What is to be said.
            variety: In which variety.
            most: Tokens at most.
            batch_size: Sources at a time.

        Raises:
            OptionError: If there is no such variety, or nothing has been fine-tuned.
            DataError: If a source is empty.
        """
        model = self.model
        if variety not in self.varieties:
            raise OptionError(f"there is no variety {variety!r}, there are {join_names(self.varieties)}")
        prompts = [self.config.prompt.format(source=source, variety=variety) for source in sources]
        with self._projected():
            return model.generate(prompts, most=most, batch_size=batch_size)

    def score(self, data: Any, *, most: int = 64) -> dict[str, float]:
        """chrF++ of what the model writes for each variety in the rows.

        Raises:
            OptionError, FormatError, DataError: As `translate` and `decouple`.
        """
        rows = read_parallel(data)
        return {
            name: chrf(self.translate(rows.of(name).sources, name, most=most), rows.of(name).targets)
            for name in rows.names
        }

    def audit(self, data: Any, when: str = "now") -> tuple[LayerAudit, ...]:
        """What the states of each layer say of the varieties of these rows.

        Raises:
            OptionError: If a variety of the training is not there, or nothing has been fine-tuned.
            DataError: If a variety has fewer than 50 sentences.
        """
        model, rows = self.model, read_parallel(data)
        _varieties(rows, self.dominant, self.config)
        with self._projected():
            return VarietyProbe(model, rows, self.varieties, self.sites, self.config).audit(
                when, cast(Penalty, self._penalty).fitted
            )

    def _projected(self) -> AbstractContextManager[Any]:
        """The model as it was trained: without the subspace where that was projected out."""
        if not self.config.hard or self._penalty is None:
            return nullcontext()
        return intervene(self.model.model, projections(self.sites, self._penalty))

    # -- files ---------------------------------------------------------------------------------------------------------

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the language model as a folder of the Hub's layout, and beside it the subspaces, options and audits.

        Raises:
            OptionError: If nothing has been fine-tuned.
            RunError: If the folder cannot be written.
        """
        place, model = Path(folder), self.model
        try:
            place.mkdir(parents=True, exist_ok=True)
            model.save(place)
        except OSError as error:
            raise RunError(f"{place} cannot be written: {error.strerror or error}") from error
        record = {
            "options": asdict(self.config),
            "dominant": self.dominant,
            "varieties": self.varieties,
            "sites": self.sites,
            "audits": [asdict(audit) for audit in self.audits],
            "longest": model.longest,
        }
        write_weights(place / "subspaces.safetensors", cast(Penalty, self._penalty).state_dict(), {})
        write_whole(place / "decoupling.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n", RunError)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """Reads what `save_pretrained` wrote.

        Raises:
            FormatError: If a file is missing or damaged.
        """
        place = Path(folder)
        try:
            record = json.loads((place / "decoupling.json").read_text())
            made = cls(DecouplingConfig(**record["options"]))
            made.dominant, made.varieties = record["dominant"], tuple(record["varieties"])
            made.sites = tuple(Site(site) for site in record["sites"])
            made.audits = tuple(LayerAudit(**audit) for audit in record["audits"])
            longest = int(record["longest"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FormatError(f"{place / 'decoupling.json'} is missing or damaged ({error})") from error
        made._model = load_language_model(place, "causal", longest=longest)
        tensors, _ = read_weights(place / "subspaces.safetensors")
        made._penalty = Penalty(made._model.width, len(made.sites), made.config)
        made._penalty.bases, made._penalty.weights = tensors["bases"], tensors["weights"]
        return made


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
    language, rows = _own(model), read_parallel(data)
    _refuse_too_large(language, config)
    batch = tensors_of(language, rows, config)
    train(
        Likelihood(language.model),
        RowBatches(tuple(batch.values()), config.batch, config.seed),
        _training(config),
        checkpoint=checkpoint,
        progress=progress,
        what="fine-tuning",
    )
    language.model.cpu().eval()
    return language


# -- reading what is given ---------------------------------------------------------------------------------------------


def _options(config: DecouplingConfig, options: Mapping[str, Any]) -> DecouplingConfig:
    try:
        return replace(config, **options)
    except TypeError as error:
        raise OptionError(f"Decoupling: {error}") from error


def _own(model: LanguageModel | str | Path) -> LanguageModel:
    """A model that may be trained: loaded, or a copy of what was given."""
    if isinstance(model, LanguageModel):
        made = LanguageModel(copy.deepcopy(model.model), model.tokenizer, model.longest)
    else:
        made = load_language_model(model, "causal")
    made.model.requires_grad_(True)
    if made.tokenizer.eos_token_id is None:
        raise OptionError("the tokenizer has no end of sequence, so the model would never stop: give it an eos_token")
    return made


def _varieties(rows: Parallel, dominant: str, config: DecouplingConfig) -> tuple[str, ...]:
    """The varieties, the dominant one first."""
    for wanted in (dominant, config.variety):
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


def _refuse_too_large(language: LanguageModel, config: DecouplingConfig) -> None:
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


def _sites(language: LanguageModel, layers: Sequence[int | str] | str | None) -> tuple[Site, ...]:
    if layers is None or isinstance(layers, str):
        wanted: list[str] = [language.blocks if layers is None else layers]
    else:
        wanted = []
        for layer in layers:
            if isinstance(layer, str):
                wanted.append(layer)
                continue
            if not -language.layers <= layer < language.layers:
                raise OptionError(
                    f"layer {layer} is not one of the {language.layers} layers, 0 to {language.layers - 1}"
                )
            wanted.append(language.blocks.replace("*", str(layer % language.layers)))
    if not wanted:
        raise OptionError("at least one layer is needed, got none")
    return tuple(place.site for place in find_places(language.model, wanted))


def _parted(
    rows: Parallel, names: Sequence[str], config: DecouplingConfig, validation: Any
) -> tuple[Parallel, Parallel]:
    """Rows to train on, and rows that only the probe sees."""
    if validation is not None:
        held = read_parallel(validation)
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


def _warn_of_unknown(language: LanguageModel, rows: Parallel) -> None:
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


def _training(config: DecouplingConfig) -> TrainConfig:
    return TrainConfig(
        steps=config.steps,
        learning_rate=config.learning_rate,
        schedule="cosine",
        clip=config.clip,
        seed=config.seed,
        checkpoint_every=config.checkpoint_every,
        device=config.device,
    )


def _with_adapters(model: nn.Module, config: DecouplingConfig) -> Any:
    """Low-rank adapters inside the model's linear layers; the modules keep their names."""
    try:
        import peft
    except ImportError as error:
        raise MissingExtraError("lora needs peft, which is not installed: pip install 'aitia[language]'") from error
    made = peft.LoraConfig(r=cast(int, config.lora), lora_alpha=2 * cast(int, config.lora), target_modules="all-linear")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that is on its way out
        return peft.get_peft_model(cast(Any, model), made)
