"""CausaLM itself: three stages, then questions to what they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.engine import Progress
from aitia.errors import DataError, OptionError, join_names
from aitia.nn.controls import shuffled, with_controls
from aitia.nn.erasure import Eraser, leace, null_space_projection
from aitia.nn.language import LanguageModel, load_language_model, mean_state
from aitia.nn.pretrained import Pretrained, fitted
from aitia.nn.text_heads import Pooling
from aitia.nn.weights import write_weights
from aitia.saving import model_folder
from aitia.stats.concept_effects import icace
from aitia.systems.causalm.card import CARD
from aitia.systems.causalm.config import OF_TREATMENT, CausaLMConfig
from aitia.systems.causalm.corpus import Corpus, coded, codes_of, tags_of
from aitia.systems.causalm.effects import ConceptEffect, Erasure, conexp_sizes
from aitia.systems.causalm.pretraining import CorpusTensors, first_model, trained_on
from aitia.systems.causalm.readers import Reader, Readers, closed_form, linear_probe, seen, train_head

__all__ = ["CausaLM"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
LINEAR = "original, mean"
"""The classifier that the linear baselines are compared with, where the others pool by attention."""
ALONE = "closed form alone"
"""Without an adversary: the closed form of the adjusted method on phi_O."""


class CausaLM(Pretrained):
    """A classifier of texts beside one that cannot know a concept, after `fit`; see the module.

    Args:
        config: Options.
        options: Options by name, in place of those of `config`; `treated` is needed.

    Attributes:
        classes: Labels of the task.
        values: Of the treated concept.
        adversary: Accuracy of each adversary at the end of stage (ii), beside `chance`.

    Example:
        >>> texts = ["he felt glad", "she felt glad", "he felt sad", "she felt odd", "he felt odd", "she felt sad"] * 4
        >>> mood = ["joy", "joy", "sorrow", "sorrow", "joy", "sorrow"] * 4
        >>> gender = {"gender": [text.split()[0] for text in texts]}
        >>> model = CausaLM(treated="gender", first_steps=5, steps=5, head_steps=5, width=16, batch=8)
        >>> effects = model.fit(texts, mood, gender).estimate(texts, gender)
        >>> [effect.name for effect in effects][:2]
        ['TReATE', 'flip-scaled TReATE']
    """

    card = CARD

    def __init__(self, config: CausaLMConfig | None = None, **options: Any) -> None:
        try:
            self.config = replace(config, **options) if config is not None else CausaLMConfig(**options)
        except TypeError as error:
            raise OptionError(f"CausaLM: {error}") from error
        self.classes: tuple[Any, ...] = ()
        self.values: tuple[Any, ...] = ()
        self.adversary: dict[str, float] = {}
        self._encoders: dict[str, LanguageModel] = {}
        self._net: Readers | None = None
        self._start: LanguageModel | None = None
        self._texts: tuple[str, ...] = ()

    # -- fitting -------------------------------------------------------------------------------------------------------

    def fit(
        self,
        texts: Sequence[str],
        label: Sequence[Any],
        concepts: Mapping[str, Sequence[Any]],
        *,
        shared: "CausaLM | None" = None,
        progress: Progress | None = None,
    ) -> Self:
        """All three stages.

        Args:
            texts: n texts.
            label: Of the task, n of them, none missing.
            concepts: The treated concept and the controls by name, n values each; a concept of words as the tags of
                each text's words, a list or one string in which they are apart by spaces.
            shared: One fitted on the same texts with the same options but those of the treatment: its stage (i) and
                phi_O are taken over.
            progress: Told how far it is.

        Raises:
            DataError: If lengths differ, a value is missing, a text is empty, a concept has one value, a control equals
                the treated concept, or tags and words of a text differ in number.
            IdentifiabilityError: If each label goes with one value of the concept, so that no text tells them apart.
            OptionError: If `shared` was fitted otherwise.
        """
        config, corpus = self.config, Corpus(self.config, texts, label, concepts)
        start = first_model(config, corpus, progress) if shared is None else shared._start_for(config, texts)
        data = CorpusTensors(corpus, start, config.tag)

        def run(treated: NDArray[Any] | None) -> tuple[tuple[LanguageModel, dict[str, float]], int]:
            return trained_on(start, data, config, None if treated is None else torch.from_numpy(treated), progress)

        before: tuple[tuple[LanguageModel, dict[str, float]], int] | None = None
        if shared is not None:
            before = (shared._encoders["original"], {}), config.steps
        labels = data.treated.numpy()
        done = with_controls(run, labels, seed=config.seed, placebo=config.placebo, without=before)
        self.classes, self.values = corpus.classes, corpus.values
        self._start, self._texts = start, tuple(texts)
        self._encoders = {"original": done.without[0], "counterfactual": done.real[0]}
        self.adversary = done.real[1]
        hidden = {"counterfactual": data.treated}
        if done.placebo is not None:
            self._encoders["placebo"] = done.placebo[0]
            hidden["placebo"] = torch.from_numpy(shuffled(labels, config.seed))
        self._net = self._read(data, hidden, progress)
        return self

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

    def _read(self, data: CorpusTensors, hidden: Mapping[str, Tensor], progress: Progress | None) -> Readers:
        """Stage (iii), on every encoder and on the states that the baselines leave."""
        config = self.config
        places: dict[str, tuple[str, Pooling]] = {name: (name, config.pooling) for name in self._encoders}
        erasers: dict[str, Eraser] = {}
        if config.closed_form:
            erasers = {name: closed_form(self._encoders[name], data, z, config) for name, z in hidden.items()}
            erasers[ALONE] = closed_form(self._encoders["original"], data, data.treated, config)
            places[ALONE] = ("original", "mean")
        if config.pooling != "mean":
            places[LINEAR] = ("original", "mean")
        states = {
            place: seen(self._encoders[place[0]], data.ids, data.mask, place[1], config) for place in places.values()
        }
        if len(torch.unique(data.present)) > 1:
            mean = states["original", "mean"][0][:, 0]
            erasers |= {"LEACE": leace(mean, data.present), "INLP": null_space_projection(mean, data.present)}
            places |= dict.fromkeys(("LEACE", "INLP"), ("original", "mean"))
        readers = Readers(len(self.classes), self._encoders["original"].width, places)
        for name, place in places.items():
            if name in erasers:
                readers[name].erase(erasers[name])
            train_head(readers[name], *states[place], data.label, config, progress, f"head: {name}")
        return readers

    # -- asking --------------------------------------------------------------------------------------------------------

    def predict_proba(self, texts: Sequence[str], of: str = "counterfactual") -> Values:
        """Class probabilities (n, classes), in the order of `classes`.

        Args:
            texts: n texts.
            of: `original`, `counterfactual`, `placebo`, or a baseline: `closed form alone`, `LEACE`, `INLP`.

        Raises:
            OptionError: If there is no such classifier, or nothing is fitted.
            DataError: If a text is empty; names the row.
        """
        readers = self._fitted()
        if of not in readers:
            raise OptionError(f"there is no classifier {of!r}: there are {join_names(readers.names)}")
        reader, model = readers[of], self._encoders[readers.places[of][0]]
        batch = model.batch(texts)
        states, mask = seen(model, batch["input_ids"], batch["attention_mask"], reader.pooling, self.config)
        with torch.no_grad():
            said: Values = reader(states, mask).softmax(dim=-1).double().numpy()
        return said

    def accuracy(self, texts: Sequence[str], label: Sequence[Any], of: str = "counterfactual") -> float:
        """Share of the texts whose label a classifier tells; `of` as in `predict_proba`.

        Raises:
            DataError: If there are not as many labels as texts, or a label was not in the training; names the row.
        """
        if len(texts) != len(label):
            raise DataError(f"there are {len(texts)} texts and {len(label)} labels")
        codes = coded(label, self.classes, "label")
        return float((self.predict_proba(texts, of).argmax(axis=1) == codes).mean())

    def estimate(
        self,
        texts: Sequence[str],
        concepts: Mapping[str, Sequence[Any]] | None = None,
        *,
        counterfactual: Sequence[str] | None = None,
        truth: bool = False,
        confidence: float = 0.95,
        resamples: int = 2000,
        seed: int = 0,
    ) -> tuple[ConceptEffect, ...]:
        """The effect of the treated concept on the class probabilities, by every estimator, with intervals over texts.

        Args:
            texts: n texts, best not those of the training.
            concepts: With the treated concept, for CONEXP; None leaves it out.
            counterfactual: The same texts with the concept set anew, for (3); None leaves it out.
            truth: Refuse to go on without counterfactual texts.
            confidence: Coverage of each interval.
            resamples: Of the bootstrap over texts.
            seed: Of the bootstrap.

        Raises:
            DataError: If lengths differ, `truth` is asked without counterfactual texts, or a value of the concept was
                not in the training.
        """
        if truth and counterfactual is None:
            raise DataError("the true effect needs counterfactual texts, one for each text: give counterfactual=")
        for what, given in (("counterfactual texts", counterfactual), *((concepts or {}).items())):
            if given is not None and len(given) != len(texts):
                raise DataError(f"there are {len(texts)} texts and {len(given)} {what}: one for each")
        readers = self._fitted()
        said = {name: self.predict_proba(texts, name) for name in readers.names}
        draws = np.random.default_rng(seed).multinomial(len(texts), np.full(len(texts), 1 / len(texts)), size=resamples)
        ends = [(1 - confidence) / 2, (1 + confidence) / 2]

        def moved(name: str, before: Values, after: Values, factor: float = 1.0, **more: Any) -> ConceptEffect:
            each = factor * np.abs(icace(before, after)).sum(axis=1)
            low, high = np.quantile(draws @ each / len(each), ends)
            return ConceptEffect(name, float(each.mean()), float(low), float(high), **more)

        original = said["original"]
        linear = said.get(LINEAR, original)
        found = [
            moved("TReATE", original, said["counterfactual"], note="concept present against concept removed"),
            moved("flip-scaled TReATE", original, said["counterfactual"], 2.0, note="twice the TReATE; ours"),
        ]
        if counterfactual is not None:
            other = {name: self.predict_proba(counterfactual, name) for name in ("original", "counterfactual")}
            found.append(moved("true ATE", original, other["original"], note="from counterfactual texts"))
            left = "how far counterfactual texts still move the classifier that should not know the concept"
            found.append(
                moved("left in f_CF", said["counterfactual"], other["counterfactual"], causal=False, note=left)
            )
        if concepts is not None:
            values = self._present(texts, concepts)
            if len(np.unique(values)) > 1:
                low, high = np.quantile(conexp_sizes(original, values, draws), ends)
                size = float(conexp_sizes(original, values, np.ones((1, len(values)), dtype=np.int64))[0])
                found.append(ConceptEffect("CONEXP", size, float(low), float(high), False, "a correlation"))
        note = "linear erasure of the mean state of phi_O, head trained anew"
        found += [moved(name, linear, said[name], note=note) for name in (ALONE, "LEACE", "INLP") if name in said]
        if "placebo" in said:
            found.append(moved("placebo TReATE", original, said["placebo"], causal=False, note="a shuffled concept"))
        return tuple(found)

    def _present(self, texts: Sequence[str], concepts: Mapping[str, Sequence[Any]]) -> Codes:
        """Code of the treated concept in each text; of one of words, whether a word has it."""
        config = self.config
        if config.treated not in concepts:
            raise DataError(f"the concept {config.treated!r} is missing: there are {join_names(concepts)}")
        given = concepts[config.treated]
        if config.tag is None:
            return coded(given, self.values, config.treated)
        return np.array([config.tag in tags for tags in tags_of(texts, given, config.treated)], dtype=np.int64)

    def erasure(
        self, texts: Sequence[str], concepts: Mapping[str, Sequence[Any]], *, progress: Progress | None = None
    ) -> tuple[Erasure, ...]:
        """What fresh probes read off each encoder, trained on half of the texts and asked on the other.

        Where label and concept go together a probe reads the concept off what tells the label. Give texts in which the
        concept is independent of the rest, such as from `world.sample(..., do=...)`, or take the numbers as bounds.

        Args:
            texts: n texts, best not those of the training.
            concepts: The treated concept and any of the controls.
            progress: Told how far it is.

        Raises:
            DataError: As `estimate`, or if a concept has one value in these texts.
        """
        config, treated = self.config, self._present(texts, concepts)
        kept = {name: codes_of(concepts[name], name)[0] for name in config.controls if name in concepts}
        for name, codes in ((config.treated, treated), *kept.items()):
            if len(np.unique(codes)) < 2:
                raise DataError(f"concept {name!r} has one value in these texts: a probe has nothing to tell apart")
        order = np.random.default_rng(config.seed).permutation(len(texts))
        train_rows, test_rows = order[: len(order) // 2], order[len(order) // 2 :]
        found = []
        for name, model in self._encoders.items():
            batch, reader = model.batch(texts), self._fitted()[name]
            states, mask = seen(model, batch["input_ids"], batch["attention_mask"], "attention", config)
            with torch.no_grad():
                mean = reader.erased(mean_state(states, mask)).numpy()

            def linear(codes: Codes, mean: NDArray[np.float32] = mean) -> float:
                return linear_probe(mean, codes, train_rows, test_rows)

            probe = Reader("attention", int(treated.max()) + 1, model.width)
            z = torch.from_numpy(treated)
            train_head(probe, states[train_rows], mask[train_rows], z[train_rows], config, progress, f"probe: {name}")
            with torch.no_grad():
                right = probe(states[test_rows], mask[test_rows]).argmax(dim=1) == z[test_rows]
            share = float(np.bincount(treated[test_rows]).max()) / len(test_rows)
            controls = {control: linear(codes) for control, codes in kept.items()}
            found.append(Erasure(name, linear(treated), float(right.float().mean()), share, controls))
        return tuple(found)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def debias(self, folder: str | Path) -> None:
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
        for name in dict.fromkeys(encoder for encoder, _ in model._fitted().places.values()):
            model._encoders[name] = load_language_model(
                folder / name, model.config.family, longest=model.config.longest
            )
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
            "adversary": self.adversary,
            "width": readers.width,
            "readers": {name: list(place) for name, place in readers.places.items()},
        }

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        model = cls(CausaLMConfig(**options["config"]))
        model.classes, model.values = tuple(options["classes"]), tuple(options["values"])
        model.adversary = dict(options["adversary"])
        places = {name: (encoder, pooling) for name, (encoder, pooling) in options["readers"].items()}
        model._net = Readers(len(model.classes), options["width"], places).eval()
        return model
