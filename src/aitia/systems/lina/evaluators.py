"""What says what a picture shows: a reader of known accuracy, a model of the CLIP kind, or code of a user.

a folder of an `AttributeReader`     knows its attributes and their labels
a folder of the CLIP kind, or an id   any label: "a picture of LABEL", against the other labels of the column
package.module:name                   a torch module with `labels` (attribute -> labels) whose output, of pictures
                                      (n, 3, height, width) of -1 to 1, is a dictionary attribute -> logits

An evaluator that chooses is no judge of what it chose: the referee is another one, with another fingerprint.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.subjects import Network, Subject
from aitia.errors import FormatError, UnknownVariableError, join_names, unknown_variable
from aitia.guard import guarded, read_json
from aitia.nn.clip_folders import features_of, open_clip_folder, picture_side, picture_tensor
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.opening import open_module
from aitia.nn.pixels import from_bytes
from aitia.nn.readers import AttributeReader
from aitia.nn.weights import fingerprint
from aitia.saving import model_folder

__all__ = ["Evaluator", "Knowing", "OfReader", "check_labels", "open_evaluator"]

Images = NDArray[np.uint8]
Shares = NDArray[np.float64]
_AT_ONCE = 64


class Evaluator(Protocol):
    """Says how probable it finds each label of an attribute."""

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]] | None:
        """By attribute; None where it knows any label."""

    @property
    def fingerprint(self) -> str:
        """Which one it is, by its weights."""

    def probabilities(self, images: Images, attribute: str, labels: Sequence[str]) -> Shares:
        """(n, labels), of pictures of bytes."""


class Knowing:
    """An evaluator whose attributes are fixed, from what gives logits of all of them.

    Args:
        labels: Of each attribute.
        logits: From pictures (n, 3, height, width) of -1 to 1 to logits by attribute.
        fingerprint: By its weights.
    """

    def __init__(self, labels: Mapping[str, Sequence[str]], logits: Any, fingerprint: str) -> None:
        self.labels = {str(name): tuple(str(label) for label in of) for name, of in labels.items()}
        self._logits, self.fingerprint = logits, fingerprint

    @torch.no_grad()
    def probabilities(self, images: Images, attribute: str, labels: Sequence[str]) -> Shares:
        """As of an evaluator.

        Raises:
            FormatError: If the module of a user gives something else than logits of each attribute.
        """
        said = self._logits(from_bytes(images))
        count = len(self.labels[attribute])
        if not isinstance(said, Mapping) or getattr(said.get(attribute), "shape", None) != (len(images), count):
            raise FormatError(
                f"the evaluator gives no logits (n, {count}) of {attribute}: its output is a dictionary, attribute -> "
                "logits of its labels"
            )
        order = [self.labels[attribute].index(label) for label in labels]
        found: Shares = said[attribute].double().softmax(1)[:, order].cpu().numpy()
        return found


class OfReader(Knowing):
    """An `AttributeReader` as an evaluator.

    Args:
        reader: Fitted.
    """

    def __init__(self, reader: AttributeReader) -> None:
        super().__init__(reader.labels, reader.logits, reader.fingerprint)


class _OfClip:
    """A model of the CLIP kind: how near a picture is to "a picture of LABEL", among the labels of a column."""

    labels = None

    def __init__(self, model: nn.Module, tokenizer: Any, settings: Mapping[str, Any]) -> None:
        self.model, self.tokenizer, self.settings = model, tokenizer, settings
        self.fingerprint = fingerprint(model)
        self._side = picture_side(settings, model.config)
        self._texts: dict[tuple[str, ...], Tensor] = {}

    @torch.no_grad()
    def probabilities(self, images: Images, attribute: str, labels: Sequence[str]) -> Shares:
        """As of an evaluator."""
        model: Any = self.model
        if tuple(labels) not in self._texts:
            whole = "siglip" in str(model.config.model_type)  # trained on texts that are filled up
            texts = [f"a picture of {label}" for label in labels]
            held = self.tokenizer(texts, padding="max_length" if whole else True, truncation=True, return_tensors="pt")
            more = {} if whole else {"attention_mask": held["attention_mask"]}
            codes = features_of(model.get_text_features(input_ids=held["input_ids"], **more))
            self._texts[tuple(labels)] = nn.functional.normalize(codes, dim=1)
        scale = getattr(model, "logit_scale", None)
        factor = scale.exp() if isinstance(scale, Tensor) else torch.tensor(20.0)
        found = []
        for start in range(0, len(images), _AT_ONCE):
            x = picture_tensor(list(images[start : start + _AT_ONCE]), self.settings, self._side)
            codes = nn.functional.normalize(features_of(model.get_image_features(pixel_values=x)), dim=1)
            found.append((factor * codes @ self._texts[tuple(labels)].T).double().softmax(1))
        return torch.cat(found).numpy() if found else np.zeros((0, len(labels)))


def open_evaluator(subject: Subject) -> Evaluator:
    """The evaluator of a subject; see the module.

    Raises:
        FormatError: If it is none, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    opened = subject.opened if isinstance(subject, Network) else None
    if isinstance(opened, AttributeReader):
        return OfReader(opened)
    if opened is not None or ":" in subject.id:
        module: Any = opened if opened is not None else open_module(subject)
        if not isinstance(module, nn.Module) or not isinstance(getattr(module, "labels", None), Mapping):
            raise FormatError(f"{subject.id} does not say what it reads: give it `labels`, attribute -> labels")
        labels: Any = module.labels
        return Knowing(labels, module.eval(), fingerprint(module))
    folder = model_folder(subject.where())
    settings = folder / "config.json"
    if settings.is_file() and "model_type" not in read_json(settings, dict):
        return OfReader(AttributeReader.from_pretrained(folder))
    model, prepared = open_clip_folder(folder, texts=True)
    from transformers import AutoTokenizer

    with guarded(folder, "holds no tokenizer of a model of the CLIP kind"):
        tokenizer = from_hugging_face(AutoTokenizer, folder)
    return _OfClip(model, tokenizer, prepared)


def check_labels(evaluator: Evaluator, wanted: Mapping[str, Sequence[str]], who: str) -> None:
    """Refuses attributes and labels that an evaluator does not know; names the nearest.

    Raises:
        UnknownVariableError: If there is such an attribute or label.
    """
    if evaluator.labels is None:
        return
    for attribute, labels in wanted.items():
        if attribute not in evaluator.labels:
            raise unknown_variable(attribute, tuple(evaluator.labels), who)
        if odd := [label for label in labels if label not in evaluator.labels[attribute]]:
            known = join_names(evaluator.labels[attribute], 20)
            raise UnknownVariableError(f"the {who} knows no {attribute} {odd[0]!r}; it has: {known}")
