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
takes h P out of every state instead, in training and afterwards; `do(variety=absent)` does so afterwards alone. (3)
clears the others' states only, so that a probe tells them from the dominant variety's as easily as before.

What makes an effect of P one of the subspace and not of any penalty: a random subspace of the same rank, drawn anew at
the same steps (`subspace="random"`); the whole of h, at a weight that makes the penalty as large as that of (1)
(`"whole"`); the subspace of another variety (`subspace_of=...`); P as it was at the start (`every=None`).

Where we differ from the source. Its probe, layers, rank and lambda are not told: (1) is ours. lambda grows over the
steps after a fit, for P jumps there. States are those of the target's own tokens: the token that names the variety
would tell it by itself. Measured on our world, (2) and (3) take the energy away and the others are written no better:
more words of the dominant variety leak into them (`aitia verify alignment-hurts`).

Source:
    Elshabrawy, When Alignment Hurts: Decoupling Representational Spaces in Multilingual Models, arXiv 2508.12803
    (2025).
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.parallel import read_parallel
from aitia.data.table import Kind
from aitia.errors import FormatError, OptionError, RunError, join_names
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.opening import open_language_model
from aitia.nn.pretrained import Pretrained
from aitia.nn.probes import CodeLength
from aitia.nn.sites import Site, intervene, random_subspace
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import made, model_folder
from aitia.stats.metrics import chrf
from aitia.system import Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.alignment_hurts.audit import LayerAudit, VarietyProbe, tensors_of
from aitia.systems.alignment_hurts.card import CARD
from aitia.systems.alignment_hurts.config import LARGEST, DecouplingConfig
from aitia.systems.alignment_hurts.judge import judged
from aitia.systems.alignment_hurts.page import blocks
from aitia.systems.alignment_hurts.penalty import Objective, Penalty, projections
from aitia.systems.alignment_hurts.reading import most_frequent, parallel_of, rows_of
from aitia.systems.alignment_hurts.tuning import (
    own_model,
    parted,
    refuse_too_large,
    sites_of,
    training_of,
    varieties_of,
    warn_of_unknown,
    with_adapters,
)
from aitia.train import History, RowBatches, train

__all__ = ["Decoupling"]

LANGUAGE = "language"
"""The folder of the fine-tuned model inside of that of the system."""


class Decoupling(Pretrained, Predicts):
    """Fine-tunes a causal language model on several varieties while its states leave the dominant one's subspace.

    The model that is given (`model`) stays as it is.

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
        >>> rows = {"source": source, "target": target, "variety": variety}
        >>> model = Decoupling(steps=4, every=2, probe_steps=5, layers=[-1]).fit(rows, model=decoder)
        >>> written = model.predict({"source": ["c1"], "variety": ["b"]})
        >>> len(written.texts("target")), [audit.when for audit in model.audits]
        (1, ['before', 'step 0', 'step 2', 'after'])
    """

    card = CARD
    Config = DecouplingConfig
    config: DecouplingConfig
    dominant: str = ""
    varieties: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    history: History = History()
    audits: tuple[LayerAudit, ...] = ()
    _model: LanguageModel | None = None
    _penalty: Penalty | None = None

    @property
    def model(self) -> LanguageModel:
        """The fine-tuned model.

        Raises:
            OptionError: Before the fit.
        """
        if self._model is None:
            raise OptionError("nothing has been fine-tuned yet: call fit first")
        return self._model

    # -- training ------------------------------------------------------------------------------------------------------

    def _opened(self, data: tuple[Any, ...], roles: Mapping[str, Any]) -> tuple[Any, ...]:
        """Also a folder with `source.txt` and one line-aligned file a variety; see `aitia.data.parallel`."""
        if data and isinstance(data[0], (str, Path)) and (Path(data[0]) / "source.txt").is_file():
            return (read_parallel(data[0]).table(), *data[1:])
        return super()._opened(data, roles)

    def work(self, given: Given) -> str:
        """Steps and rows."""
        return f"{self.config.steps} steps of {self.config.batch} sentences ({len(given)} in all)"

    def _fit(self, given: Given, run: RunStore) -> None:
        config, (rows, held) = self.config, rows_of(given)
        names = varieties_of(rows, config.dominant or most_frequent(rows), config)
        dominant, subject = names[0], given.subjects["model"]
        language = own_model(open_language_model(subject), copied=getattr(subject, "opened", None) is not None)
        refuse_too_large(language, config)
        self.sites = sites_of(language, config.layers)
        train_rows, probe_rows = parted(rows, names, config, held)
        warn_of_unknown(language, rows)
        checkpoint, progress = run.checkpoint, run.progress
        if config.rank is not None and config.rank > min(len(names) - 1, language.width):
            raise OptionError(
                f"{len(names)} varieties in {language.width} units differ in at most "
                f"{min(len(names) - 1, language.width)} directions, got rank={config.rank}"
            )
        self.dominant, self.varieties, self._model = dominant, names, None
        probe = VarietyProbe(language, probe_rows, names, self.sites, config)
        penalty = self._penalty = Penalty(language.width, len(self.sites), config)
        inner = language.model
        adapted = with_adapters(inner, config) if config.lora else None
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
            training_of(config),
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

    def _subspace(self, code: CodeLength, states: Tensor, seed: int) -> Tensor:
        """The basis of a layer, by the options."""
        config = self.config
        label = self.varieties.index(config.subspace_of or self.dominant)
        basis = code.contrasts(label, most=LARGEST, rank=config.rank, certain=config.certain)
        if config.subspace == "random":
            return random_subspace(states.shape[1], basis.shape[1], seed)
        return basis

    @property
    def training(self) -> Training:
        """The loss and its parts."""
        return Training((("decoupling", tuple(self.history.losses)),))

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The varieties, in all layers or in one; none where no subspace was fitted (strength=0)."""
        if self._penalty is None or not self._penalty.fitted:
            return Targets()
        about = f"what tells {self.config.subspace_of or self.dominant} apart is taken out of the states"
        column = str(self.roles.get("variety", "variety"))
        layers = (Target(str(site), ("absent",), about=f"{about} of this layer") for site in self.sites)
        return Targets([Target(column, ("absent",), about=f"{about} of all layers"), *layers])

    def _projected(self) -> AbstractContextManager[Any]:
        """The model as it was trained, or as `do` wants it: without subspaces where they are projected out."""
        if self._penalty is None:
            return nullcontext()
        every = self.config.hard or any(str(name) not in map(str, self.sites) for name in self.held)
        sites = projections(self.sites, self._penalty)
        chosen = {site: done for site, done in sites.items() if every or str(site) in map(str, self.held)}
        return intervene(self.model.model, chosen) if chosen else nullcontext()

    def translate(self, sources: Sequence[str], variety: str, *, batch_size: int = 256) -> list[str]:
        """How the model says these sources in a variety, written greedily, under what is held.

        Raises:
            OptionError: If there is no such variety, or nothing has been fine-tuned.
            DataError: If a source is empty.
        """
        model = self.model
        if variety not in self.varieties:
            raise OptionError(f"there is no variety {variety!r}, there are {join_names(self.varieties)}")
        prompts = [self.config.prompt.format(source=source, variety=variety) for source in sources]
        with self._projected():
            return model.generate(prompts, most=self.config.most, batch_size=batch_size)

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The source of each row in its variety, where it is not written yet; each draw is the same."""
        sources = given.texts("source")
        if given.column("variety") is None:
            raise OptionError("each row says in which variety it is to be written (--variety)")
        varieties = given.labels("variety").tolist()
        name = given.column("written") or str(self.roles.get("written", "target"))
        known = given.table.texts(name) if name in given.table else [""] * len(given)
        texts = list(known)
        for variety in dict.fromkeys(varieties):
            rows = [row for row, of in enumerate(varieties) if of == variety and not known[row].strip()]
            for row, text in zip(rows, self.translate([sources[row] for row in rows], variety), strict=True):
                texts[row] = text
        filled = given.data.with_known({name: texts}, {name: Kind.TEXT})
        return filled.take(np.repeat(np.arange(len(given)), draws))

    def score(self, *data: Any, **roles: Any) -> dict[str, float]:
        """chrF++ of what the model writes for each variety in the rows, under what is held.

        Raises:
            OptionError: If a variety of the rows is none of the fit.
            DataError: If a row lacks its source, target or variety.
        """
        rows = parallel_of(self.given(*data, **roles))
        return {name: chrf(self.translate(rows.of(name).sources, name), rows.of(name).targets) for name in rows.names}

    def audit(self, *data: Any, when: str = "now", **roles: Any) -> tuple[LayerAudit, ...]:
        """What the states of each layer say of the varieties of these rows, under what is held.

        Raises:
            OptionError: If a variety of the training is not there, or nothing has been fine-tuned.
            DataError: If a variety has fewer than 50 sentences.
        """
        model, rows = self.model, parallel_of(self.given(*data, **roles))
        varieties_of(rows, self.dominant, self.config)
        with self._projected():
            return VarietyProbe(model, rows, self.varieties, self.sites, self.config).audit(
                when, cast(Penalty, self._penalty).fitted
            )

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """chrF++ of the other varieties and of the dominant one; see `judge.py`."""
        return judged(self, parallel_of(fresh), parallel_of(seen))

    def report(self, given: Given) -> Sequence[Block]:
        """How well each variety is written, and where they sit in every layer."""
        return blocks(self, {"decoupled": self.score(given)})

    # -- files ---------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Writes the fine-tuned language model as a folder of the Hub's layout.

        Raises:
            OptionError: If nothing has been fine-tuned, or a subspace is taken out while the model runs.
            RunError: If the folder cannot be written.
        """
        if self.config.hard or self.held:
            raise OptionError("a subspace is taken out of the states while this model runs, and no weights do so")
        self._write_language(made(folder))

    def _write_language(self, place: Path) -> None:
        try:
            self.model.save(place)
        except OSError as error:
            raise RunError(f"{place} cannot be written: {error.strerror or error}") from error

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and `model.safetensors` (the subspaces), and the language model into a folder beside.

        Raises:
            OptionError: If nothing has been fine-tuned.
            RunError: If the folder cannot be written.
        """
        _ = self.model
        super().save_pretrained(folder)
        self._write_language(made(Path(folder) / LANGUAGE))

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote.

        Raises:
            FormatError: If a file is missing or damaged.
        """
        found = super().from_pretrained(source)
        longest = found._longest
        found._model = load_language_model(model_folder(source) / LANGUAGE, "causal", longest=longest)
        return found

    _longest: int = 0

    def _network(self) -> nn.Module:
        return cast(Penalty, self._penalty)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "dominant": self.dominant,
            "varieties": self.varieties,
            "sites": self.sites,
            "audits": [asdict(audit) for audit in self.audits],
            "longest": self.model.longest,
            "width": self.model.width,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        try:
            model = cls(DecouplingConfig(**options["config"]))
            model.dominant, model.varieties = options["dominant"], tuple(options["varieties"])
            model.sites = tuple(Site(site) for site in options["sites"])
            model.audits = tuple(LayerAudit(**audit) for audit in options["audits"])
            model._longest = int(options["longest"])
            model._penalty = Penalty(int(options["width"]), len(model.sites), model.config)
        except (KeyError, TypeError) as error:
            raise FormatError(f"config.json of this decoupling is damaged ({error})") from error
        return model
