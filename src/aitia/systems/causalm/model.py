"""CausaLM itself: three stages, then questions to what they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aitia.data.base import Data
from aitia.data.subjects import Network
from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names, unknown_variable
from aitia.nn.language import LanguageModel, load_language_model
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.weights import write_weights
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import model_folder
from aitia.system import Encodes, Explains, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.causalm.card import CARD
from aitia.systems.causalm.config import OF_TREATMENT, CausaLMConfig
from aitia.systems.causalm.controls import shuffled, with_controls
from aitia.systems.causalm.corpus import coded, codes_of
from aitia.systems.causalm.effects import ConceptEffect, Erasure, estimates, table_of
from aitia.systems.causalm.judge import judged
from aitia.systems.causalm.page import blocks
from aitia.systems.causalm.pretraining import CorpusTensors, first_model, trained_on
from aitia.systems.causalm.probing import erasure_of
from aitia.systems.causalm.readers import Readers, read_all, seen
from aitia.systems.causalm.reading import concept_column, corpus_of, labelled, present_in, rewritten_texts, with_texts

__all__ = ["CausaLM"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Trained = tuple[LanguageModel, dict[str, float]]


class CausaLM(Pretrained, Predicts, Encodes, Explains):
    """A classifier of texts beside one that cannot know a concept, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`.

    Attributes:
        classes: Labels of the task.
        values: Of the concept.
        adversary: Accuracy of each adversary at the end of stage (ii), beside `chance`.

    Example:
        >>> texts = ["he felt glad", "she felt glad", "he felt sad", "she felt odd", "he felt odd", "she felt sad"] * 4
        >>> mood = ["joy", "joy", "sorrow", "sorrow", "joy", "sorrow"] * 4
        >>> rows = {"text": texts, "mood": mood, "gender": [text.split()[0] for text in texts]}
        >>> model = CausaLM(first_steps=5, steps=5, head_steps=5, width=16, batch=8)
        >>> effects = model.fit(rows, label="mood", concept="gender").effects(rows)
        >>> effects.labels("by").tolist()[:2]
        ['TReATE', 'flip-scaled TReATE']
        >>> model.do("do(gender=absent)").predict({"text": ["she felt glad"]}).names
        ('text', 'mood', 'P(joy)', 'P(sorrow)')
    """

    card = CARD
    Config = CausaLMConfig
    config: CausaLMConfig
    classes: tuple[Any, ...] = ()
    values: tuple[Any, ...] = ()
    adversary: Mapping[str, float] = {}
    _encoders: Mapping[str, LanguageModel] = {}
    _net: Readers | None = None
    _start: LanguageModel | None = None
    _shared: "CausaLM | None" = None
    _texts: tuple[str, ...] = ()
    _told: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def sharing(self, other: "CausaLM") -> Self:
        """This one, whose next fit takes over stage (i) and phi_O of another.

        Args:
            other: Fitted on the same texts with the same options but those of the treatment, in this program.
        """
        self._shared = other
        return self

    def check_given(self, given: Given) -> None:
        """Wants labels and a concept that texts tell apart; see `Corpus`."""
        corpus_of(given, self.config)

    def work(self, given: Given) -> str:
        """The stages and their steps."""
        config = self.config
        first = "" if "model" in given.subjects else f"{config.first_steps} steps of a small language model, then "
        encoders = 3 if config.placebo else 2
        return (
            f"{first}{encoders} encoders of {config.steps} steps with {config.adversary_updates} updates of the "
            f"adversaries each, and heads of {config.head_steps} steps ({len(given)} texts)"
        )

    def _fit(self, given: Given, run: RunStore) -> None:
        config, progress, shared = self.config, run.progress, self._shared
        corpus = corpus_of(given, config)
        named = cast(Network | None, given.subjects.get("model"))
        start = (
            first_model(config, corpus, progress, named) if shared is None else shared._start_for(config, corpus.texts)
        )
        data = CorpusTensors(corpus, start, config.tag)

        def trained(treated: NDArray[Any] | None) -> tuple[Trained, int]:
            return trained_on(start, data, config, None if treated is None else torch.from_numpy(treated), progress)

        before: tuple[Trained, int] | None = None
        if shared is not None:
            before = (shared._encoders["original"], {}), config.steps
        labels = data.treated.numpy()
        done = with_controls(trained, labels, seed=config.seed, placebo=config.placebo, without=before)
        self.classes, self.values = corpus.classes, corpus.values
        self._start, self._texts, self._shared = start, tuple(corpus.texts), None
        encoders = {"original": done.without[0], "counterfactual": done.real[0]}
        self.adversary = done.real[1]
        hidden = {"counterfactual": data.treated}
        if done.placebo is not None:
            encoders["placebo"] = done.placebo[0]
            hidden["placebo"] = torch.from_numpy(shuffled(labels, config.seed))
        self._encoders = encoders
        self._net = read_all(config, encoders, data, hidden, len(self.classes), progress)
        lost = int((~labelled(given)).sum())
        self._told = (f"{lost} texts have no label and are left out",) if lost else ()

    def _start_for(self, config: CausaLMConfig, texts: Sequence[str]) -> LanguageModel:
        """The model after stage (i), for another fit with these options."""
        if self._start is None:
            raise OptionError("shared is a CausaLM that was fitted in this program, not one that was loaded")
        mine, other = asdict(self.config), asdict(config)
        if differ := [name for name in mine if name not in OF_TREATMENT and mine[name] != other[name]]:
            name = differ[0]
            raise OptionError(f"shared was fitted with {name}={mine[name]!r}, this one has {name}={other[name]!r}")
        if self._texts != tuple(texts):
            raise OptionError("shared was fitted on other texts")
        return self._start

    @property
    def training(self) -> Training:
        """How well each adversary still told the concept, and warnings."""
        chance = self.adversary.get("chance", float("nan"))
        notes = [
            f"The adversary that pools by {name} told {self.concept} in {right:.1%} at the end; chance is {chance:.1%}."
            for name, right in self.adversary.items()
            if name != "chance"
        ]
        return Training(notes=tuple(notes), warnings=self._told)

    # -- asking --------------------------------------------------------------------------------------------------------

    @property
    def concept(self) -> str:
        """The column of the concept."""
        return concept_column(Given(None, self.roles), self.config)

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of the controls."""
        return Given(None, self.roles).columns("controls")

    @property
    def classifiers(self) -> tuple[str, ...]:
        """Every classifier of the fit: `original`, `counterfactual`, `placebo`, and the linear baselines."""
        return self._fitted().names

    @property
    def targets(self) -> Targets:
        """The concept, by the name of its column."""
        if self._net is None:
            return Targets()
        return Targets([Target(self.concept, ("absent",), about="answers from the encoder that has unlearnt it")])

    def predict_proba(self, *data: Any, of: str | None = None, **roles: Any) -> Values:
        """Class probabilities (n, classes), in the order of `classes`.

        Args:
            data: Rows with their texts.
            of: `original`, `counterfactual`, `placebo`, or a baseline: `closed form alone`, `LEACE`, `INLP`. None takes
                `original`, and `counterfactual` where the concept is held absent.
            roles: As in `fit`.

        Raises:
            OptionError: If there is no such classifier, or nothing is fitted.
            DataError: If a text is empty; names the row.
        """
        readers = self._fitted()
        of = ("counterfactual" if self.held else "original") if of is None else of
        if of not in readers:
            raise OptionError(f"there is no classifier {of!r}: there are {join_names(readers.names)}")
        reader, model = readers[of], self._encoders[readers.places[of][0]]
        batch = model.batch(self.given(*data, **roles).texts("text"))
        states, mask = seen(model, batch["input_ids"], batch["attention_mask"], reader.pooling, self.config)
        with torch.no_grad():
            said: Values = reader(states, mask).softmax(dim=-1).double().numpy()
        return said

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """The most probable labels, and P(LABEL) for each; every draw is the same, for nothing is drawn."""
        said = self.predict_proba(given)
        column = given.column("label") or "label"
        words = np.empty(len(self.classes), dtype=object)
        words[:] = self.classes
        label = words[said.argmax(axis=1)]
        if column in given.table:
            there, known = ~given.table.absent(column), given.table.labels(column)
            label[there] = known[there]
        columns = {column: label, **{f"P({each})": said[:, k] for k, each in enumerate(self.classes)}}
        filled = given.data.with_known(columns, {**dict.fromkeys(columns, "number"), column: "label"})
        return filled if draws == 1 else filled.take(np.repeat(np.arange(len(given)), draws))

    def _encode(self, given: Given) -> Table:
        """The mean state of each text; without the concept where it is held absent."""
        readers, of = self._fitted(), "counterfactual" if self.held else "original"
        model = self._encoders[of]
        batch = model.batch(given.texts("text"))
        states, _ = seen(model, batch["input_ids"], batch["attention_mask"], "mean", self.config)
        with torch.no_grad():
            codes = readers[of].erased(states[:, 0])
        return Table.of_numbers("h", codes.double().numpy())

    def accuracy(self, *data: Any, of: str | None = None, **roles: Any) -> float:
        """Share of the texts whose label a classifier tells; `of` as in `predict_proba`.

        Raises:
            DataError: If a label was not in the training; names the row.
        """
        given = self.given(*data, **roles)
        if not labelled(given).all():
            raise DataError(f"the label of row {int(np.argmin(labelled(given)))} is missing")
        known = {str(value): k for k, value in enumerate(self.classes)}
        codes = coded(given.labels("label").tolist(), tuple(known), "label")
        return float((self.predict_proba(given, of=of).argmax(axis=1) == codes).mean())

    def estimate(
        self,
        *data: Any,
        truth: bool = False,
        confidence: float = 0.95,
        resamples: int = 2000,
        seed: int = 0,
        **roles: Any,
    ) -> tuple[ConceptEffect, ...]:
        """The effect of the concept on the class probabilities, by every estimator, with intervals over texts.

        Args:
            data: Rows, best not those of the training: with the concept for CONEXP, and with the role `rewritten`, or
                of a world that knows, for (3).
            truth: Refuse to go on without texts with the concept set anew.
            confidence: Coverage of each interval.
            resamples: Of the bootstrap over texts.
            seed: Of the bootstrap.
            roles: As in `fit`.

        Raises:
            DataError: If `truth` is asked without such texts, or a value of the concept was not in the training.
        """
        given, readers = self.given(*data, **roles), self._fitted()
        edited = rewritten_texts(given, self.concept)
        if truth and edited is None:
            raise DataError("the true effect needs counterfactual texts, one for each text: give rewritten")
        said = {name: self.predict_proba(given, of=name) for name in readers.names}
        others: dict[str, Values] | None = None
        if edited is not None:
            other = with_texts(given, edited)
            others = {name: self.predict_proba(other, of=name) for name in ("original", "counterfactual")}
        codes = present_in(given, self.config, self.values)
        taken = {name: values.double().numpy() for name, values in zip(readers.names, readers.taken, strict=True)}
        return estimates(said, others, codes, taken, confidence=confidence, resamples=resamples, seed=seed)

    def _effects(self, given: Given, target: str | None, outcome: str | None) -> Table:
        """`estimate` as a table, one line an estimator in the column `by`; the control is the placebo."""
        label = given.column("label") or "label"
        if outcome not in (None, label):
            raise unknown_variable(outcome, (label,), "system")
        return table_of(self.estimate(given), self.concept, label)

    def can_be_probed(self, given: Given) -> bool:
        """Whether the concept and the controls vary in these rows, so that a probe has something to tell apart."""
        present = present_in(given, self.config, self.values)
        if present is None or len(given) < 4:
            return False
        kept = [given.table.labels(name) for name in self._kept_in(given)]
        return min(len(set(codes.tolist())) for codes in (present, *kept)) > 1

    def erasure(self, *data: Any, progress: Progress | None = None, **roles: Any) -> tuple[Erasure, ...]:
        """What fresh probes read off each encoder, trained on half of the texts and asked on the other.

        Where label and concept go together a probe reads the concept off what tells the label. Give texts in which the
        concept is independent of the rest, such as from `world.sample(..., do=...)`, or take the numbers as bounds.

        Args:
            data: Rows, best not those of the training, with the concept and any of the controls.
            progress: Told how far it is.
            roles: As in `fit`.

        Raises:
            DataError: As `estimate`, or if a concept is missing or has one value in these texts.
        """
        given = self.given(*data, **roles)
        treated = present_in(given, self.config, self.values)
        if treated is None:
            raise DataError(f"the concept {self.concept!r} is missing: there are {join_names(given.table.names)}")
        kept = {name: codes_of(given.table.labels(name).tolist(), name)[0] for name in self._kept_in(given)}
        for name, codes in ((self.concept, treated), *kept.items()):
            if len(np.unique(codes)) < 2:
                raise DataError(f"concept {name!r} has one value in these texts: a probe has nothing to tell apart")
        return erasure_of(self.config, self._encoders, self._fitted(), given.texts("text"), treated, kept, progress)

    def _kept_in(self, given: Given) -> list[str]:
        return [name for name in given.columns("controls") if name in given.table]

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """Accuracy with and without the concept, and what is left of it; see `judge.py`."""
        return judged(self, fresh, seen)

    def report(self, given: Given) -> Sequence[Block]:
        """The effect of the concept by every estimate, and what probes still read."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> None:
        """Saves the encoder without the concept as a folder that transformers reads, such as `AutoModel`.

        With `closed_form` there is also `eraser.safetensors`: what `mean - (mean - centre) @ matrix.T` needs to take
        the rest out of the mean of the last states.

        Raises:
            OptionError: If nothing is fitted.
            RunError: If the folder cannot be written.
        """
        reader = self._fitted()["counterfactual"]
        self._encoders["counterfactual"].save(folder)
        if self.config.closed_form:
            tensors = {"matrix": reader.matrix, "centre": reader.around}
            write_weights(Path(folder) / "eraser.safetensors", tensors, {})

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the heads as `Pretrained` does, and each encoder as a folder of its own beside them."""
        super().save_pretrained(folder)
        for name, model in self._encoders.items():
            model.save(Path(folder) / name)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """Reads what `save_pretrained` wrote, from a folder or from a repository on the Hub.

        Raises:
            FormatError: If there is no such folder, a file is damaged, or it holds another model.
        """
        folder = model_folder(source)
        model = super().from_pretrained(folder)
        model._encoders = {
            name: load_language_model(folder / name, model.config.family, longest=model.config.longest)
            for name in dict.fromkeys(encoder for encoder, _ in model._fitted().places.values())
        }
        return model

    def _fitted(self) -> Readers:
        net = fitted(self._net, self)
        assert isinstance(net, Readers)
        return net

    def _network(self) -> nn.Module:
        return self._fitted()

    def _options(self) -> dict[str, Any]:
        readers = self._fitted()
        return {
            "config": asdict(self.config),
            "classes": list(self.classes),
            "values": list(self.values),
            "adversary": dict(self.adversary),
            "width": readers.width,
            "present": readers.taken.shape[1],
            "readers": {name: list(place) for name, place in readers.places.items()},
            "told": list(self._told),
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausaLMConfig(**options["config"]))
        model.classes, model.values = tuple(options["classes"]), tuple(options["values"])
        model.adversary, model._told = dict(options["adversary"]), tuple(options["told"])
        places = {name: (encoder, pooling) for name, (encoder, pooling) in options["readers"].items()}
        model._net = Readers(len(model.classes), options["width"], places, options["present"]).eval()
        return model
