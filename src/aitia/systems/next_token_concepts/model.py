"""Concepts in the states of a language model: read off by probes, written by directions, and found by autoencoders.

A next-token predictor p(y | x) = softmax(f(x) . g(y)) of texts that discrete concepts c made has

    f(x) = A [log p(c = c_i | x)]_i + b - remainder,    A = (L^T)^-1 L',    L = [g(y_j) - g(y_0)]_j      (1)

so that states of two texts which differ in concept k alone differ along one direction, and a linear probe of k reads
it. `fit` takes such pairs, or texts with concepts beside them, finds both on texts that they do not share, and holds
them against each other (`readout`); `do` moves states along the directions (`steering`); sparse autoencoders of the
states are scored by how well single features tell what the probes tell (`dictionary`).

What (1) does not say. The remainder need not vanish: it weighs log p(c | x, y_j) by p(c | y_j), which differs between
the y_j, and multiplies the logarithm of what is improbable. A state has far fewer units than there are joint states of
the concepts, so that only what the contrasts between tokens span is in it. And (1) is about f, what the output layer is
given: states of other layers are read and steered alike, outside of the theorem. What can be tested is that f is linear
in the log-odds of single concepts where these are moderate (`aitia verify next-token-concepts`).

Where we differ from the source: probes and directions come from disjoint pairs (there from the same), beside a null of
shuffled pairs; the feature of an autoencoder is chosen on other texts than it is scored on.

Source:
    Liu et al., I predict therefore I am: Is next token prediction enough to learn human-interpretable concepts from
    data?, ICLR 2026 (arXiv 2503.08980), theorem 3.1 and its corollaries. Park, Choe and Veitch, The linear
    representation hypothesis and the geometry of large language models, ICML 2024, for the pairs.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError, unknown_variable
from aitia.nn.language import LanguageModel
from aitia.nn.opening import open_language_model
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.saelens import TrainedOn, read_saelens, write_saelens
from aitia.nn.sites import Operation, Site, intervene
from aitia.nn.sparse_autoencoders import SparseAutoencoder
from aitia.nn.weights import write_weights
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import made
from aitia.system import Encodes, Explains, Given, Predicts, Scores, Targets, Training
from aitia.system.base import Asked
from aitia.systems.next_token_concepts.card import CARD
from aitia.systems.next_token_concepts.config import NextTokenConceptsConfig
from aitia.systems.next_token_concepts.dictionary import score_dictionary, train_dictionary
from aitia.systems.next_token_concepts.effects import effects_of
from aitia.systems.next_token_concepts.findings import Findings, find_concepts, other_readers
from aitia.systems.next_token_concepts.judge import judged
from aitia.systems.next_token_concepts.page import blocks
from aitia.systems.next_token_concepts.reading import THIN, Examples, examples_of, halves_of, place_of
from aitia.systems.next_token_concepts.readout import Readout, scaled
from aitia.systems.next_token_concepts.states import States, check_lengths, output_site, site_of
from aitia.systems.next_token_concepts.steering import ConceptTarget, steer

__all__ = ["NextTokenConcepts"]

Values = NDArray[np.float64]
LABELS = ("absent", "present")
TRAINED, GIVEN = "trained", "given"
"""The autoencoder of the fit, and the folder that was given."""


class _Learnt(nn.Module):
    """What was learnt of the concepts, for states as they are."""

    def __init__(self, concepts: int, width: int, autoencoder: SparseAutoencoder | None) -> None:
        super().__init__()
        for name, shape in {
            "probes": (concepts, width), "intercepts": (concepts,), "directions": (concepts, width),
            "mean": (width,), "spread": (width,),
        }.items():  # fmt: skip
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))
        self.autoencoder = autoencoder

    def values(self, name: str) -> Values:
        """A buffer as numbers."""
        return cast(Values, cast(Tensor, getattr(self, name)).numpy())

    def fill(self, readout: Readout, mean: Values, spread: Values) -> None:
        """Takes probes and directions of states of unit variance, and puts the scale into them."""
        probes = readout.probes / spread
        given = {
            "probes": probes,
            "intercepts": readout.intercepts - probes @ mean,
            "directions": readout.directions * spread,
            "mean": mean,
            "spread": spread,
        }
        for name, values in given.items():
            cast(Tensor, getattr(self, name)).copy_(torch.from_numpy(values))


class NextTokenConcepts(Pretrained, Predicts, Encodes, Explains):
    """Probes and directions of concepts in a language model, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        names: Of the concepts.
        site: Where the states are.
        found: What the fit tells.

    Example:
        >>> from aitia.nn.language import small_decoder, word_tokenizer
        >>> animals = ["cat", "dog", "hen", "pig"]
        >>> decoder = small_decoder(word_tokenizer(["one", "many", *animals]), width=16, layers=1)
        >>> sides = {f"x{k}": [f"{name} {word}" for name in animals] for k, word in enumerate(("one", "many"))}
        >>> rows = {"concept": ["plural"] * 4, **sides}
        >>> model = NextTokenConcepts(permutations=1, most=2).fit(rows, model=decoder)
        >>> model.names, str(model.site)
        (('plural',), 'lm_head[in]')
        >>> told = model.do("do(plural=2.5)").encode({"text": ["cat one"]})
        >>> round(float(told.column("log-odds of plural")[0]), 4)
        2.5
        >>> model.do("do(plural=present)").predict({"text": ["cat one"]}).names
        ('text', 'written')
    """

    card = CARD
    Config = NextTokenConceptsConfig
    config: NextTokenConceptsConfig
    names: tuple[str, ...] = ()
    site: Site = Site(".")
    found: Findings | None = None
    _learnt: _Learnt | None = None
    _open: tuple[Any, LanguageModel] | None = None

    # -- fitting -------------------------------------------------------------------------------------------------------

    def check_given(self, given: Given) -> None:
        """Wants a language model, and pairs or labelled texts; see `reading`."""
        if "model" not in given.subjects:
            raise OptionError(f"{CARD.slug} reads the states of a language model: say which (model)")
        examples_of(given)

    def work(self, given: Given) -> str:
        """Texts, concepts, and what is trained on their states."""
        examples = examples_of(given)
        kind = self.config.autoencoder
        more = "" if kind == "none" else f", and {self.config.steps} steps of a {kind} autoencoder"
        return f"{len(examples.texts)} texts are run, and probes of {len(examples.names)} concepts fitted{more}"

    def _fit(self, given: Given, run: RunStore) -> None:
        config, examples = self.config, examples_of(given)
        language = self._language(given)
        reader = States(language, site_of(language, config.layer), config.batch_size)
        states = reader.of(examples.texts, places=examples.places)
        mean, spread = scaled(states)
        z = (states - mean) / spread
        others = other_readers(language, reader, examples, config.seed) if config.baselines else {}
        readout, found = find_concepts(examples, z, others, config, run.progress)
        checkpoint = None if run.checkpoint is None else run.checkpoint / "autoencoder.safetensors"
        if run.checkpoint is not None:
            run.checkpoint.mkdir(parents=True, exist_ok=True)
        dictionaries = {}
        if config.autoencoder != "none":
            dictionaries[TRAINED] = train_dictionary(
                states, mean, spread, config, checkpoint=checkpoint, progress=run.progress
            )
        notes = [*examples.notes, *self._notes(examples, language, reader.site)]
        if "dictionary" in given.subjects:
            dictionaries[GIVEN], on = read_saelens(given.subjects["dictionary"].where())
            notes.append(_told_of(dictionaries[GIVEN], on, reader.site, len(mean)))
        held_out = halves_of(examples, config.share, config.seed)[1]
        said = readout.log_odds(z)
        scores = {
            name: score_dictionary(each, states, spread, held_out, said, config.seed)
            for name, each in dictionaries.items()
        }
        self.names, self.site = examples.names, reader.site
        self.found = replace(found, dictionaries=scores, notes=tuple(notes))
        self._learnt = _Learnt(len(self.names), len(mean), dictionaries.get(TRAINED))
        self._learnt.fill(readout, mean, spread)
        self._open = None

    def _language(self, given: Given) -> LanguageModel:
        language = open_language_model(given.subjects["model"], "causal", longest=self.config.longest)
        if self.config.device == "auto" and torch.cuda.is_available():
            language.model.cuda()
        return language

    def _notes(self, examples: Examples, language: LanguageModel, site: Site) -> list[str]:
        notes = [
            f"{concept.name!r} has {len(concept)} {'pairs' if concept.paired else 'texts of one value'}: its numbers "
            "hang on single words"
            for concept in examples.concepts
            if len(concept) < THIN
        ]
        if site != output_site(language):
            notes.append(f"States of {site} are outside of the theorem, which is about what the output layer is given.")
        return notes

    @property
    def training(self) -> Training:
        """How well W and A agree, and what to keep in mind."""
        found = self.fitted_findings
        null = f"{np.mean(found.shuffled):.3f} with the concepts shuffled"
        return Training(notes=(f"W A scores {found.score:.3f}; {null}.",), warnings=found.notes)

    # -- asking --------------------------------------------------------------------------------------------------------

    def _opened(self, data: tuple[Any, ...], roles: Mapping[str, Any]) -> tuple[Any, ...]:
        """As of every system; prompts for one that was fitted to pairs have no columns of pairs."""
        kept = roles if self.found is None else {name: roles[name] for name in roles if name not in ("x0", "x1")}
        return super()._opened(data, kept)

    @property
    def fitted_findings(self) -> Findings:
        """What the fit tells.

        Raises:
            OptionError: Before a fit.
        """
        if self.found is None:
            raise OptionError("no concept has been read off yet: call fit first")
        return self.found

    @property
    def language(self) -> LanguageModel:
        """The language model.

        Raises:
            OptionError: If a loaded system has no model yet.
        """
        subject = self.subjects.get("model")
        if subject is None:
            raise OptionError("the language model is needed: load(folder, model=...)")
        if self._open is None or self._open[0] is not subject:
            self._open = (subject, self._language(Given(None, subjects={"model": subject})))
        return self._open[1]

    @property
    def autoencoder(self) -> SparseAutoencoder | None:
        """The sparse autoencoder of the fit, for states as they are; None where none was trained."""
        return cast(_Learnt, fitted(self._learnt, self)).autoencoder

    @property
    def targets(self) -> Targets:
        """The concepts."""
        if self.found is None:
            return Targets()
        return Targets(
            ConceptTarget(
                name,
                LABELS,
                (min(usual),),
                (max(usual),),
                about=f"moves the states of {self.site} until its probe says so",
            )
            for name, usual in zip(self.names, self.found.usual, strict=True)
        )

    def do(self, intervention: Asked = None, /, **named: Any) -> Self:
        """As of every system; concepts whose direction does not move their probe are refused."""
        other = super().do(intervention, **named)
        other._steered()
        return other

    def _steered(self) -> dict[Site, Operation]:
        """What is done to the states, under what is held."""
        learnt = cast(_Learnt, fitted(self._learnt, self))
        probes, intercepts, directions = (learnt.values(name) for name in ("probes", "intercepts", "directions"))
        usual = np.array(self.fitted_findings.usual)
        move = steer(self.held, self.names, probes, intercepts, directions, usual)
        return {} if move is None else {self.site: move}

    def states(self, texts: Sequence[str], places: Sequence[str] = ()) -> Values:
        """The states of texts at their last token, (n, width), under what is held; see `States.of`."""
        return States(self.language, self.site, self.config.batch_size).of(texts, self._steered(), places)

    def log_odds(self, states: Values) -> Values:
        """What the probes say of states as they are, (n, concepts)."""
        learnt = cast(_Learnt, fitted(self._learnt, self))
        said: Values = states @ learnt.values("probes").T + learnt.values("intercepts")
        return said

    def _encode(self, given: Given) -> Table:
        """The log-odds of every concept, and the state; of a pair, those of its text without the concept."""
        states = self.states(*_texts_of(given))
        said = self.log_odds(states)
        columns = {f"log-odds of {name}": said[:, k] for k, name in enumerate(self.names)}
        columns |= {f"h{k}": states[:, k] for k in range(states.shape[1])}
        return Table.of(columns, kinds=dict.fromkeys(columns, "number"))

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """What each concept does to what each probe says, over these pairs or texts; see `effects.py`."""
        if outcome is not None and outcome not in self.names:
            raise unknown_variable(outcome, self.names, "system")
        examples = examples_of(given, 2)
        told = effects_of(
            examples, self.log_odds(self.states(examples.texts, examples.places)), self.names, self.config.seed
        )
        wanted = {"target": target, "outcome": outcome}
        kept = [told.labels(column) == name for column, name in wanted.items() if name is not None]
        return told.take(np.flatnonzero(np.logical_and.reduce(kept))) if kept else told

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """What the model writes after each text that has nothing written, greedily; every draw is the same."""
        column, table = given.column("written") or "written", given.table
        texts = table.texts(column) if column in table else [""] * len(given)
        holes = [row for row, text in enumerate(texts) if not text.strip()]
        if holes:
            read, places = _texts_of(given)
            prompts = [read[row] for row in holes]
            check_lengths(self.language, prompts, [places[row] for row in holes])
            steered = self._steered()
            with intervene(self.language.model, steered) if steered else nullcontext():
                said = self.language.generate(prompts, most=self.config.most, batch_size=self.config.batch_size)
            for row, text in zip(holes, said, strict=True):
                texts[row] = text
        rows = given.data.with_known({column: texts}, {column: "text"})
        return rows if draws == 1 else rows.take(np.repeat(np.arange(len(given)), draws))

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """How often the probes are right on new texts, beside what takes no model; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """W A, the concepts one by one, and the autoencoders."""
        return blocks(self)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Writes `model.safetensors` with probes, intercepts and directions for states as they are, and the autoencoder
        of the fit beside it as SAELens reads it.

        Raises:
            OptionError: If nothing is fitted, or SAELens has no place for the autoencoder.
            RunError: If the folder cannot be written.
        """
        learnt = cast(_Learnt, fitted(self._learnt, self))
        place = made(folder)
        if learnt.autoencoder is not None:
            write_saelens(learnt.autoencoder, place, TrainedOn(self.subjects["model"].id, str(self.site)))
        tensors = {n: cast(Tensor, getattr(learnt, n)).float() for n in ("probes", "intercepts", "directions")}
        write_weights(place / "model.safetensors", tensors, {"concepts": list(self.names), "site": str(self.site)})

    def _network(self) -> nn.Module:
        return fitted(self._learnt, self)

    def _options(self) -> dict[str, Any]:
        learnt = cast(_Learnt, fitted(self._learnt, self))
        return {
            "config": asdict(self.config),
            "names": list(self.names),
            "site": str(self.site),
            "width": len(learnt.values("mean")),
            "autoencoder": None if learnt.autoencoder is None else learnt.autoencoder.options(),
            "found": asdict(self.fitted_findings),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(NextTokenConceptsConfig(**options["config"]))
        model.names, model.site = tuple(options["names"]), Site(options["site"])
        kept = options["autoencoder"]
        autoencoder = None if kept is None else SparseAutoencoder(**kept)
        model._learnt = _Learnt(len(model.names), int(options["width"]), autoencoder).eval()
        model.found = Findings.from_json(options["found"])
        return model


def _texts_of(given: Given) -> tuple[list[str], list[str]]:
    """The texts and where each stands; of pairs those without the concept."""
    role = next((role for role in ("text", "x0") if given.column(role) in given.table), None)
    if role is None:
        raise OptionError("there is no text to read: say which column it is (text)")
    return given.texts(role), [place_of(given, role, row) for row in range(len(given))]


def _told_of(autoencoder: SparseAutoencoder, on: TrainedOn, site: Site, width: int) -> str:
    if autoencoder.width != width:
        raise OptionError(
            f"the dictionary takes states of {autoencoder.width} units, those of {site} have {width}: take the layer "
            f"and the model that it was trained on ({on.place or 'which it does not say'}, {on.model or 'no name'})"
        )
    place, model = on.place or "a place that it does not say", on.model or "a model that it does not say"
    return f"The dictionary was trained on {place} of {model}; the states here are those of {site}."
