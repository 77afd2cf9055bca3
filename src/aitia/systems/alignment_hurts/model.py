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
(`"whole"`); the subspace of another variety (`of_variety=...`); P as it was at the start (`every=None`).

Where we differ from the source. Its probe, layers, rank and lambda are not told: (1) is ours. lambda grows over the
steps after a fit, for P jumps there. States are those of the target's own tokens: the token that names the variety
would tell it by itself. Measured on our world, (2) and (3) take the energy away and the others are written no better:
more words of the dominant variety leak into them (`aitia verify alignment-hurts`).

Source:
    Elshabrawy, When Alignment Hurts: Decoupling Representational Spaces in Multilingual Models, arXiv 2508.12803
    (2025).
"""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.errors import DataError, OptionError, RunError, join_names
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.probes import CodeLength
from aitia.nn.sites import ProjectOut, Site, intervene, random_subspace
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import model_folder
from aitia.system import Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.alignment_hurts.audit import LayerAudit, VarietyProbe, tensors_of
from aitia.systems.alignment_hurts.card import CARD
from aitia.systems.alignment_hurts.config import LARGEST, DecouplingConfig
from aitia.systems.alignment_hurts.judge import judged
from aitia.systems.alignment_hurts.page import blocks
from aitia.systems.alignment_hurts.penalty import Objective, Penalty, projections
from aitia.systems.alignment_hurts.reading import (
    Sentences,
    check_rank,
    parted,
    sentences_of,
    sites_of,
    trained_on,
    unknown_shares,
    varieties_of,
)
from aitia.systems.alignment_hurts.tuning import own, refuse_too_large, steps_of, with_adapters
from aitia.train import History, RowBatches, train

__all__ = ["Decoupling"]

ABSENT = "absent"
"""What `do` sets a variety or a layer to, to take the subspace out."""
LANGUAGE = "language"
"""The folder of the language model in that of a saved system."""


class Decoupling(Pretrained, Predicts):
    """Fine-tunes a causal language model on several varieties while its states leave the dominant one's subspace.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        varieties: All of them, the dominant one first.
        sites: The layers.
        history: How the training went.
        audits: Of each layer before, at each fit of the probe, and after.
        warnings: What to know about the fit, in words.

    Example:
        >>> from aitia.nn.language import piece_tokenizer, small_decoder
        >>> source, written, variety = ["c1", "c2"] * 60, ["ka to", "to", "to ka", "ka"] * 30, ["a", "a", "b", "b"] * 30
        >>> decoder = small_decoder(piece_tokenizer(["c1", "c2", "[a]", "[b]"], ["ka", "to"]), width=16, layers=2)
        >>> model = Decoupling(dominant="a", layers=[-1], steps=4, every=2, probe_steps=5)
        >>> _ = model.fit({"source": source, "written": written, "variety": variety}, model=decoder)
        >>> model.predict({"source": ["c1"], "variety": ["b"]}), [audit.when for audit in model.audits]
        (Table(1 rows: source, variety, written), ['before', 'step 0', 'step 2', 'after'])
    """

    card = CARD
    Config = DecouplingConfig
    config: DecouplingConfig
    varieties: tuple[str, ...] = ()
    sites: tuple[Site, ...] = ()
    history: History = History()
    audits: tuple[LayerAudit, ...] = ()
    warnings: tuple[str, ...] = ()
    _model: LanguageModel | None = None
    _penalty: Penalty | None = None
    _longest: int = 512

    @property
    def dominant(self) -> str:
        """The dominant variety; empty before a fit."""
        return self.varieties[0] if self.varieties else ""

    @property
    def model(self) -> LanguageModel:
        """The fine-tuned model.

        Raises:
            OptionError: Before a fit.
        """
        if self._model is None:
            raise OptionError("nothing has been fine-tuned yet: call fit first")
        return self._model

    # -- training ------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants a language model, the dominant variety and another one, and enough sentences of each."""
        if "model" not in given.subjects:
            raise OptionError(f"{CARD.slug} fine-tunes a language model: say which (model)")
        varieties_of(sentences_of(trained_on(given)), self.config, self.config.dominant)

    def work(self, given: Given) -> str:
        """Steps, sentences and fits of the probe."""
        config, rows = self.config, trained_on(given)
        due = "at the start" if config.every is None else f"every {config.every} steps"
        acts = config.strength > 0 or config.hard
        probe = f"the probe of each layer fitted {due}" if acts else "plain fine-tuning"
        return (
            f"{config.steps} steps of {config.batch} sentences ({len(rows)} in "
            f"{len(set(rows.labels('variety').tolist()))} varieties), {probe}"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config = self.config
        rows = sentences_of(trained_on(given))
        names = varieties_of(rows, config, config.dominant)
        language = own(cast(Network, given.subjects["model"]))
        refuse_too_large(language, config)
        self.sites = sites_of(language, config.layers)
        apart = given.part("validation")
        train_rows, probe_rows = parted(rows, names, config, None if apart is None else sentences_of(apart))
        self.warnings = unknown_shares(language, rows)
        for sentence in self.warnings:
            warnings.warn(sentence, RuntimeWarning, stacklevel=3)
        check_rank(config.rank, len(names), language.width)
        self.varieties, self._model = names, None
        self._train(language, train_rows, VarietyProbe(language, probe_rows, names, self.sites, config), run)

    def _train(self, language: LanguageModel, rows: Sentences, probe: VarietyProbe, run: RunStore) -> None:
        """The loss (2) or (3), the probe fitted anew between steps, and audits before and after."""
        config, inner = self.config, language.model
        penalty = self._penalty = Penalty(language.width, len(self.sites), config)
        adapted = with_adapters(inner, config) if config.lora else None
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
        record = None if run.checkpoint is None else run.checkpoint / "fits.json"
        objective = Objective(inner, penalty, self.sites, probe, self._subspace, config, record)
        if config.device == "auto" and torch.cuda.is_available():
            objective.cuda()
        before = probe.audit("before")
        batch = tensors_of(language, rows, config)
        others = torch.tensor([name != self.dominant for name in rows.varieties])
        self.history = train(
            objective,
            RowBatches((*batch.values(), others), config.batch, config.seed),
            steps_of(config),
            before=objective.before,
            checkpoint=None if run.checkpoint is None else run.checkpoint / "training.safetensors",
            progress=run.progress,
            what="decoupling",
        )
        inner.eval()
        if adapted is not None:
            language.model = adapted.merge_and_unload().eval()
            probe.model = language.model
        fits = [audit for audits in objective.fits.values() for audit in audits]
        self._model = language
        with self._erased():
            self.audits = (*before, *fits, *probe.audit("after", penalty.fitted))
        penalty.cpu()
        language.model.cpu()

    def _subspace(self, code: CodeLength, states: Tensor, seed: int) -> Tensor:
        """The basis of a layer, by the options."""
        config = self.config
        label = self.varieties.index(config.of_variety or self.dominant)
        basis = code.contrasts(label, most=LARGEST, rank=config.rank, certain=config.certain)
        if config.subspace == "random":
            return random_subspace(states.shape[1], basis.shape[1], seed)
        return basis

    @property
    def training(self) -> Training:
        """Losses, the rank of each layer's subspace, and warnings."""
        last = [audit for audit in self.audits if audit.when == "after"]
        ranks = ", ".join(f"{audit.site}: {audit.rank}" for audit in last)
        notes = (f"Directions that tell {self.dominant} apart after the training: {ranks}.",) if last else ()
        return Training((("decoupling", tuple(self.history.losses)),), notes, self.warnings)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def targets(self) -> Targets:
        """The column of varieties, for every fitted layer, and each layer; none where there is nothing to take out."""
        if self.config.hard or self._penalty is None or not self._penalty.fitted:
            return Targets()
        about = f"takes what tells {self.dominant} apart out of the states"
        layers = [Target(str(site), (ABSENT,), about=f"{about} of {site}") for site in self.sites]
        return Targets([Target(self._concept, (ABSENT,), about=f"{about} of every fitted layer"), *layers])

    @property
    def _concept(self) -> str:
        return str(self.roles.get("variety", "variety"))

    def _erased(self) -> AbstractContextManager[Any]:
        """The model without the subspaces that are to go: all with `hard`, as in training; else those that are held."""
        found: Mapping[Site, ProjectOut] = projections(self.sites, cast(Penalty, self._penalty))
        if not self.config.hard and self._concept not in self.held:
            found = {site: out for site, out in found.items() if str(site) in self.held}
        return intervene(self.model.model, found) if found else nullcontext()

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """What is not written yet, written greedily in the variety of its row; every draw is the same."""
        column, table = given.column("written") or "written", given.table
        texts = table.texts(column) if column in table else [""] * len(given)
        holes = [row for row, text in enumerate(texts) if not text.strip()]
        for row, text in zip(holes, self._written(given.take(holes)) if holes else (), strict=True):
            texts[row] = text
        rows = given.data.with_known({column: texts}, {column: "text"})
        return rows if draws == 1 else rows.take(np.repeat(np.arange(len(given)), draws))

    def _written(self, given: Given) -> list[str]:
        model = self.model
        for role in ("source", "variety"):
            if (name := given.column(role)) is None or name not in given.table:
                raise OptionError(f"the rows have no column {name or role!r}: say which it is (--{role})")
        sources, varieties = given.texts("source"), given.labels("variety").tolist()
        found = [""] * len(sources)
        for variety in dict.fromkeys(varieties):
            if variety not in self.varieties:
                raise OptionError(f"there is no variety {variety!r}, there are {join_names(self.varieties)}")
        if empty := [row for row, source in enumerate(sources) if not source.strip()]:
            raise DataError(f"row {empty[0]} of those to be written has no source: drop it")
        with self._erased():
            for variety in dict.fromkeys(varieties):
                rows = [row for row, name in enumerate(varieties) if name == variety]
                prompts = [self.config.prompt.format(source=sources[row], variety=variety) for row in rows]
                for row, text in zip(rows, model.generate(prompts, most=self.config.most), strict=True):
                    found[row] = text
        return found

    def audit(self, *data: Any, when: str = "now", **roles: Any) -> tuple[LayerAudit, ...]:
        """What the states of each layer say of the varieties of these rows, under what is held.

        Args:
            data: Rows, as in `fit`.
            when: Told in the audits.
            roles: As in `fit`.

        Raises:
            OptionError: If a variety of the training is not there, or nothing has been fine-tuned.
            DataError: If a variety has fewer than 50 sentences.
        """
        model, rows = self.model, sentences_of(self.given(*data, **roles))
        varieties_of(rows, self.config, self.dominant)
        with self._erased():
            return VarietyProbe(model, rows, self.varieties, self.sites, self.config).audit(
                when, cast(Penalty, self._penalty).fitted
            )

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """chrF++ of every variety beside what takes no model; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """How well these rows are written, with the subspaces and without, and where the varieties sit."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _network(self) -> nn.Module:
        return fitted(self._penalty, self)

    def _options(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "varieties": list(self.varieties),
            "sites": [str(site) for site in self.sites],
            "audits": [asdict(audit) for audit in self.audits],
            "width": self.model.width,
            "longest": self.model.longest,
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        made = cls(DecouplingConfig(**options["config"]))
        made.varieties = tuple(options["varieties"])
        made.sites = tuple(Site(site) for site in options["sites"])
        made.audits = tuple(LayerAudit(**audit) for audit in options["audits"])
        made._penalty = Penalty(options["width"], len(made.sites), made.config)
        made._longest = int(options["longest"])
        return made

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes `config.json` and the subspaces in `model.safetensors`, and the language model in `language`.

        Raises:
            OptionError: If nothing has been fine-tuned.
            RunError: If the folder cannot be written.
        """
        _ = self.model
        super().save_pretrained(folder)
        self.export(Path(folder) / LANGUAGE)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub (`owner/name`).

        Raises:
            FormatError: If there is no such folder, a file is missing or damaged, or it holds something else.
        """
        folder = model_folder(source)
        made = super().from_pretrained(folder)
        made._model = load_language_model(folder / LANGUAGE, "causal", longest=made._longest)
        return made

    def export(self, folder: str | Path) -> None:
        """Writes the fine-tuned language model and its tokenizer as a folder of the Hub's layout.

        With `hard` or under `do`, what is taken out of its states is no part of its weights, and is not exported.

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
