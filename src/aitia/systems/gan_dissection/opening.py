"""Opens the segmenter that a user gives: a model, code, or a folder of pictures with label pictures.

a folder of a model     `SmallSegmenter`, or semantic segmentation of transformers; see `aitia.nn.segmenters`
package.module:name     a torch module with `names` whose output is (n, names, height, width) logits, or which has
                        `probabilities`
a folder of labels      images/NAME.png, labels/NAME.png (the number of a name in each pixel) and names.txt (a name a
                        line, the first being number 0): two small segmenters learn from its halves
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.data.subjects import Network, Subject
from aitia.errors import DataError, FormatError, MissingExtraError
from aitia.guard import guarded
from aitia.nn.opening import open_module
from aitia.nn.segmenters import Segmenter, SmallSegmenter, load_segmenter
from aitia.nn.weights import fingerprint

__all__ = ["fingerprint_of", "is_labels", "learnt", "open_segmenter"]


class _OfModule:
    """A segmenter that a user wrote as a torch module."""

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        self.module, self.names = module.eval(), names

    def probabilities(self, x: Tensor) -> Tensor:
        """(n, names, height, width) of (n, 3, height, width) of -1 to 1."""
        own: Any = getattr(self.module, "probabilities", None)
        found: Tensor = own(x) if callable(own) else self.module(x).softmax(1)
        return found


def open_segmenter(subject: Subject) -> Segmenter:
    """A segmenter, of anything but a folder of labels.

    Raises:
        FormatError: If it is none, or its weights are a pickle.
        RunError: If it is another one than that of the hash.
    """
    opened = subject.opened if isinstance(subject, Network) else None
    if opened is not None and not isinstance(opened, nn.Module):
        return opened  # type: ignore[no-any-return]  # a segmenter of this library, as it is
    if opened is None and ":" not in subject.id:
        return load_segmenter(subject.where())
    module: Any = open_module(subject)
    names = getattr(module, "names", None)
    if not isinstance(names, (tuple, list)) or len(names) < 2:
        raise FormatError(f"{subject.id} does not say what it tells apart: give it `names`, two or more")
    return _OfModule(module, tuple(str(name) for name in names))


def fingerprint_of(segmenter: Segmenter) -> str:
    """Which segmenter this is, by its weights."""
    told = getattr(segmenter, "fingerprint", None)
    return told if isinstance(told, str) else fingerprint(segmenter.module)  # type: ignore[attr-defined]


def is_labels(subject: Subject) -> bool:
    """Whether it is a folder of pictures with label pictures."""
    place = Path(getattr(subject, "place", "") or subject.id)
    return (place / "labels").is_dir() and (place / "images").is_dir()


def learnt(folder: str | Path, size: tuple[int, int], seed: int) -> tuple[SmallSegmenter, SmallSegmenter]:
    """Two segmenters, each learnt from another half of the pictures of a folder.

    Args:
        folder: See the module.
        size: Height and width of the pictures that will be segmented; those of the folder are of this size.
        seed: Of the halves and of the training.

    Raises:
        FormatError: If a file is missing, no picture, or of another size; names it.
        DataError: If a pixel has the number of no name, or a name is in no picture.
    """
    images, codes, names = _read(Path(folder), size)
    if lacking := [name for k, name in enumerate(names) if not (codes == k).any()]:
        raise DataError(f"{lacking[0]!r} of {Path(folder) / 'names.txt'} is in none of the {len(codes)} label pictures")
    order = np.random.default_rng(seed).permutation(len(images))
    made = []
    for number, rows in enumerate((order[: len(order) // 2], order[len(order) // 2 :])):
        masks = {name: codes[rows] == k for k, name in enumerate(names)}
        made.append(SmallSegmenter(names, seed=2 * seed + number).fit(images[rows], masks))
    return made[0], made[1]


def _read(folder: Path, size: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtraError("label pictures need `pip install 'aitia[vision]'`") from error
    listed = folder / "names.txt"
    if not listed.is_file():
        raise FormatError(
            f"{folder} has no names.txt: write what the numbers of its label pictures mean, a name a line"
        )
    with guarded(listed, "is no text"):
        names = tuple(line.strip() for line in listed.read_text(encoding="utf-8").splitlines() if line.strip())
    images, codes = [], []
    for path in sorted((folder / "labels").glob("*.png")):
        with guarded(path, "is no label picture"), Image.open(path) as label:
            if label.mode not in ("L", "P"):
                raise FormatError(f"{path} is of mode {label.mode}: a label picture has one number a pixel (L or P)")
            codes.append(np.asarray(label, dtype=np.int64))
        other = folder / "images" / path.name
        if not other.is_file():
            raise FormatError(f"{path} has no picture beside it: {other} is missing")
        with guarded(other, "is no picture"), Image.open(other) as image:
            images.append(np.asarray(image.convert("RGB"), dtype=np.uint8))
        for found, where in ((codes[-1].shape, path), (images[-1].shape[:2], other)):
            if found != size:
                raise FormatError(
                    f"{where} is {found[1]}x{found[0]}, and the generator draws {size[1]}x{size[0]}: scale it"
                )
        if codes[-1].max() >= len(names):
            raise DataError(f"{path} has the number {codes[-1].max()}, and names.txt has {len(names)} names, from 0 on")
    if len(images) < 8:
        raise FormatError(
            f"{folder} has {len(images)} label pictures (labels/*.png): two segmenters learn from 8 or more"
        )
    return np.stack(images), np.stack(codes), names
