"""Detectors, patches and captions by models of the Hugging Face library.

A detector is any model for object detection (`...ForObjectDetection`): boxes, names, and its states as features. Any
other model of vision gives patches with their states. A captioner is a model that writes about a picture without being
asked anything (BLIP, GIT, an encoder of pictures with a decoder of texts). None is trained; frames are prepared by the
sizes and means in `preprocessor_config.json`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.data.subjects import Network
from aitia.errors import FormatError, OptionError
from aitia.guard import guarded, read_json
from aitia.nn.announced import check_model_folder
from aitia.nn.hugging_face import from_hugging_face, load_tokenizer
from aitia.nn.vision import ImageClassifier
from aitia.saving import model_folder
from aitia.systems.ireason.context import Objects, Sight

__all__ = ["Captioner", "open_captioner", "open_detector"]

AT_ONCE = 8
"""Frames that a model sees together."""
LONGEST = 20
"""Tokens of a caption at most."""


@dataclass(frozen=True, eq=False)
class Detector:
    """Objects by a model.

    Args:
        key: What its answers follow from.
        eye: The model, its names and how it wants frames.
        least: Confidence of an object.
        detects: Whether it gives boxes; else patches.
    """

    key: str
    eye: ImageClassifier
    least: float
    detects: bool

    def look(self, frames: NDArray[np.uint8]) -> list[Objects]:
        """The objects of each frame, the most certain first."""
        found: list[Objects] = []
        for start in range(0, len(frames), AT_ONCE):
            part = frames[start : start + AT_ONCE]
            with torch.no_grad():
                out: Any = self.eye.model(pixel_values=self.eye.prepare(part))
            found += self._found(out, part) if self.detects else _patches(out.last_hidden_state, part)
        return found

    def _found(self, out: Any, frames: NDArray[np.uint8]) -> list[Objects]:
        logits = out.logits.double()
        named = logits.shape[2] == len(self.eye.labels)  # without a class for what is no object
        chances = (logits.sigmoid() if named else logits.softmax(2)[..., :-1]).numpy()
        boxes = out.pred_boxes.double().numpy()
        states = getattr(out, "last_hidden_state", None)
        states = None if states is None else states[:, -logits.shape[1] :].double().numpy()
        found = []
        for k, frame in enumerate(frames):
            sure = chances[k].max(axis=1)
            keep = [q for q in np.argsort(-sure, kind="stable") if sure[q] >= self.least]
            names = tuple(self.eye.labels[int(chances[k, q].argmax())] for q in keep)
            told = [[*boxes[k, q], _brightness(frame, boxes[k, q])] for q in keep]
            features = np.zeros((len(keep), 0)) if states is None else states[k, keep]
            found.append(Objects(names, np.array(told, dtype=np.float64).reshape(-1, 5), features))
        return found


def _brightness(frame: NDArray[np.uint8], box: NDArray[np.float64]) -> float:
    height, width, _ = frame.shape
    x, y, w, h = box
    left, right = (int(np.clip(v * width, 0, width - 1)) for v in (x - w / 2, x + w / 2))
    top, low = (int(np.clip(v * height, 0, height - 1)) for v in (y - h / 2, y + h / 2))
    return float(frame[top : low + 1, left : right + 1].mean() / 255)


def _patches(states: Any, frames: NDArray[np.uint8]) -> list[Objects]:
    count = states.shape[1]
    side = int(count**0.5)
    states = states[:, count - side**2 :].double().numpy()  # without tokens of the whole picture, which stand first
    place = (np.arange(side) + 0.5) / side
    y, x = (part.reshape(-1) for part in np.meshgrid(place, place, indexing="ij"))
    size = np.full(side**2, 1 / side)
    found = []
    for state, frame in zip(states, frames, strict=True):
        bright = [_brightness(frame, np.array(box)) for box in zip(x, y, size, size, strict=True)]
        found.append(Objects(("patch",) * side**2, np.stack([x, y, size, size, bright], axis=1), state))
    return found


def open_detector(network: Network, least: float) -> Sight:
    """A detector, or what gives patches.

    Raises:
        FormatError: If there is no such model, or it sees no pictures.
    """
    from transformers import AutoModel, AutoModelForObjectDetection

    folder, config = _folder_of(network, "detector")
    detects = any(str(name).endswith("ForObjectDetection") for name in getattr(config, "architectures", None) or ())
    with guarded(folder, "holds no detector"):
        kind: Any = AutoModelForObjectDetection if detects else AutoModel
        model: Any = from_hugging_face(kind, folder, use_safetensors=True, dtype=torch.float32)
    model = getattr(model, "vision_model", model)
    if getattr(model, "main_input_name", "") != "pixel_values":
        raise FormatError(f"{folder} holds a {config.model_type}, which sees no pictures: give a detector or a ViT")
    labels = tuple(str(name) for _, name in sorted(config.id2label.items())) if detects else ()
    key = f"detector {network.hash or network.id} {least}"
    return Detector(key, _eye(model.eval(), labels, folder, config), least, detects)


@dataclass(frozen=True, eq=False)
class Captioner:
    """Writes a sentence for a frame.

    Args:
        eye: The model and how it wants frames.
        tokenizer: Of what it writes.
    """

    eye: ImageClassifier
    tokenizer: Any

    def write(self, frames: NDArray[np.uint8]) -> list[tuple[str, float]]:
        """A sentence for each frame and its confidence: the geometric mean of the probabilities of its tokens."""
        found: list[tuple[str, float]] = []
        model: Any = self.eye.model
        for start in range(0, len(frames), AT_ONCE):
            pixels = self.eye.prepare(frames[start : start + AT_ONCE])
            with torch.no_grad(), guarded("the captioner", "wrote nothing about a frame", OptionError):
                out = model.generate(
                    pixel_values=pixels, max_new_tokens=LONGEST, do_sample=False, num_beams=1, output_scores=True,
                    return_dict_in_generate=True,
                )  # fmt: skip
                sure = model.compute_transition_scores(out.sequences, out.scores, normalize_logits=True)
            written = out.sequences[:, -sure.shape[1] :]
            pad = self.tokenizer.pad_token_id
            for ids, logs in zip(written, sure, strict=True):
                kept = logs[ids != pad]
                text = " ".join(self.tokenizer.decode(ids, skip_special_tokens=True).split())
                found.append((text, float(kept.mean().exp()) if len(kept) else 0.0))
        return found


def open_captioner(network: Network) -> Captioner:
    """A captioner.

    Raises:
        FormatError: If there is no such model, or it writes nothing about pictures.
    """
    from transformers import AutoModelForImageTextToText

    folder, config = _folder_of(network, "captioner")
    with guarded(folder, "holds no model that writes about pictures"):
        model: Any = from_hugging_face(AutoModelForImageTextToText, folder, use_safetensors=True, dtype=torch.float32)
    return Captioner(_eye(model.eval(), (), folder, config), load_tokenizer(folder))


def _folder_of(network: Network, what: str) -> tuple[Path, Any]:
    from transformers import AutoConfig

    if network.opened is not None:
        raise FormatError(f"{network.id} is a module: give the {what} as a folder or an id")
    folder = model_folder(network.where())
    if not any(folder.glob("*.safetensors")):
        raise FormatError(f"{folder} holds no safetensors: save the {what} with save_pretrained")
    check_model_folder(folder)
    with guarded(folder, f"holds no {what}"):
        return folder, from_hugging_face(AutoConfig, folder)


def _eye(model: Any, labels: Sequence[str], folder: Path, config: Any) -> ImageClassifier:
    path = folder / "preprocessor_config.json"
    settings: Mapping[str, Any] = read_json(path, dict) if path.is_file() else {}
    size: Any = settings.get("size")
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    inner = [config, *(getattr(config, name, None) for name in ("vision_config", "encoder"))]
    size = size or next((held.image_size for held in inner if getattr(held, "image_size", None)), None)
    size = size[0] if isinstance(size, list | tuple) else size
    normal = settings.get("do_normalize", bool(settings))
    mean, sd = (
        tuple(float(v) for v in (settings.get(name) or [plain] * 3)) if normal else (plain,) * 3
        for name, plain in (("image_mean", 0.0), ("image_std", 1.0))
    )
    return ImageClassifier(model, tuple(labels), None if size is None else int(size), mean, sd)
