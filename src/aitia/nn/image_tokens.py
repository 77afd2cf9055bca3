"""Images as rows of codes of a codebook, and back: k-means over patches, and the VQ models of diffusers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import DataError, MissingExtraError, OptionError
from aitia.guard import guarded
from aitia.nn.hugging_face import from_hugging_face
from aitia.nn.pretrained import Pretrained, fitted

__all__ = ["DiffusersVQ", "ImageTokenizer", "PatchVQ"]

Images = NDArray[np.uint8]


class ImageTokenizer(Protocol):
    """Turns images into codes and back."""

    @property
    def codes(self) -> int:
        """How many codes there are."""
        ...

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of codes of an image."""
        ...

    def encode(self, images: Images, /) -> NDArray[np.int64]:
        """(n, rows * columns) codes of images of bytes (n, height, width, 3)."""
        ...

    def decode(self, codes: NDArray[np.int64], /) -> Images:
        """Images of bytes of codes."""
        ...


class PatchVQ(Pretrained):
    """The nearest of k mean patches, found by k-means: a codebook in a second, for small images.

    Args:
        patch: Side of a patch, in pixels.
        codes: k.
        seed: Of the first centres.

    Raises:
        OptionError: If a number is below 1.

    Example:
        >>> images = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
        >>> vq = PatchVQ(patch=2, codes=8).fit(images)
        >>> vq.encode(images).shape, vq.decode(vq.encode(images)).shape
        ((40, 4), (40, 4, 4, 3))
    """

    def __init__(self, patch: int = 2, codes: int = 64, seed: int = 0) -> None:
        if patch < 1 or codes < 2:
            raise OptionError(f"patch is at least 1 and codes at least 2, got {patch} and {codes}")
        self.patch, self.codes, self.seed = patch, codes, seed
        self._size: tuple[int, int] = (0, 0)
        self._net: nn.Module | None = None

    def fit(self, images: Images) -> Self:
        """Finds the codebook.

        Raises:
            DataError: If an image is no whole number of patches, or there are fewer different patches than codes.
        """
        from sklearn.cluster import KMeans

        patches = self._patches(images)
        different = np.unique(patches, axis=0)
        if len(different) < self.codes:
            raise DataError(f"{len(different)} different patches make no {self.codes} codes: ask for fewer")
        some = np.random.default_rng(self.seed).permutation(len(patches))[:50_000]
        means = KMeans(self.codes, n_init=1, random_state=self.seed).fit(patches[some]).cluster_centers_
        self._size = (int(images.shape[1]), int(images.shape[2]))
        self._net = _Codebook(torch.from_numpy(means.astype(np.float32)))
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of codes of an image."""
        return self._size[0] // self.patch, self._size[1] // self.patch

    def encode(self, images: Images) -> NDArray[np.int64]:
        """(n, rows * columns) the nearest code of each patch.

        Raises:
            DataError: If the images are of another size than those of the fit.
        """
        book = self._book()
        if images.shape[1:3] != self._size:
            raise DataError(
                f"images are {self._size[0]} by {self._size[1]} pixels here, got {images.shape[1]} by {images.shape[2]}"
            )
        patches = torch.from_numpy(self._patches(images))
        nearest = torch.cat([torch.cdist(part, book).argmin(dim=1) for part in torch.split(patches, 65_536)])
        return nearest.numpy().reshape(len(images), -1)

    def decode(self, codes: NDArray[np.int64]) -> Images:
        """Images (n, height, width, 3) of the mean patches.

        Raises:
            DataError: If a row has another number of codes, or there is no such code.
        """
        book, (rows, columns), codes = self._book().numpy(), self.shape, np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != rows * columns:
            raise DataError(f"an image has {rows * columns} codes here, got {codes.shape[-1]}")
        if len(codes) and not 0 <= codes.min() <= codes.max() < self.codes:
            raise DataError(f"codes are 0 to {self.codes - 1}, got {codes.min()} to {codes.max()}")
        p = self.patch
        patches = book[codes].reshape(len(codes), rows, columns, p, p, 3)
        whole = patches.transpose(0, 1, 3, 2, 4, 5).reshape(len(codes), rows * p, columns * p, 3)
        pixels: Images = np.clip(np.rint(whole), 0, 255).astype(np.uint8)
        return pixels

    def _patches(self, images: Images) -> NDArray[np.float32]:
        if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
            raise DataError(f"images are bytes (n, height, width, 3), got {images.dtype} of {images.shape}")
        n, height, width, _ = images.shape
        p = self.patch
        if height % p or width % p or not n:
            raise DataError(f"an image of {height} by {width} pixels is no whole number of patches of {p} by {p}")
        cut = images.reshape(n, height // p, p, width // p, p, 3).transpose(0, 1, 3, 2, 4, 5)
        return cut.reshape(-1, p * p * 3).astype(np.float32)

    def _book(self) -> Tensor:
        return cast(_Codebook, self._network()).book

    def _options(self) -> dict[str, Any]:
        return {"patch": self.patch, "codes": self.codes, "seed": self.seed, "size": list(self._size)}

    @classmethod
    def _rebuild(cls, options: Mapping[str, Any]) -> Self:
        held = cls(options["patch"], options["codes"], options["seed"])
        height, width = options["size"]
        held._size = (int(height), int(width))
        held._net = _Codebook(torch.zeros(held.codes, 3 * held.patch**2))
        return held

    def _network(self) -> nn.Module:
        return fitted(self._net, self)


class _Codebook(nn.Module):
    """The mean patches."""

    book: Tensor

    def __init__(self, book: Tensor) -> None:
        super().__init__()
        self.register_buffer("book", book)


class DiffusersVQ:
    """A `VQModel` of diffusers, from a folder or by its id, for images of one size.

    Args:
        model: The model, in evaluation mode.
        size: Side of the images, in pixels.
    """

    def __init__(self, model: nn.Module, size: int) -> None:
        self.model, self.size = cast(Any, model.eval()), size
        steps = 2 ** (len(self.model.config.block_out_channels) - 1)
        if size < steps or size % steps:
            raise OptionError(f"this image tokenizer takes sides of a multiple of {steps} pixels, got {size}")
        self.shape = (size // steps, size // steps)

    @classmethod
    def load(cls, source: str | Path, size: int, *, subfolder: str | None = None) -> Self:
        """From a folder or by an id of the Hub.

        Raises:
            FormatError: If there is no such model, or its files are damaged.
            MissingExtraError: If diffusers is not installed.
        """
        try:
            from diffusers import VQModel
        except ImportError as error:
            raise MissingExtraError(
                "this needs diffusers, which is not installed: pip install 'aitia[vision]'"
            ) from error
        with guarded(source, "cannot be loaded as a VQ model of diffusers"):
            more = {} if subfolder is None else {"subfolder": subfolder}
            model = from_hugging_face(VQModel, str(source), use_safetensors=True, **more)
        return cls(model, size)

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return int(self.model.config.num_vq_embeddings)

    @torch.no_grad()
    def encode(self, images: Images) -> NDArray[np.int64]:
        """(n, rows * columns) codes of images of bytes (n, size, size, 3).

        Raises:
            DataError: If they are of another size.
        """
        if images.ndim != 4 or images.shape[1:] != (self.size, self.size, 3):
            raise DataError(f"images are ({self.size}, {self.size}, 3) here, got {images.shape[1:]}")
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
        latents = self.model.encode(pixels).latents
        found = self.model.quantize(latents)[2][2]
        return cast(Tensor, found).reshape(len(images), -1).long().numpy()

    @torch.no_grad()
    def decode(self, codes: NDArray[np.int64]) -> Images:
        """Images of bytes of codes."""
        rows, columns = self.shape
        width = int(self.model.config.vq_embed_dim or self.model.config.latent_channels)
        index = torch.from_numpy(np.asarray(codes)).reshape(-1)
        latents = self.model.quantize.get_codebook_entry(index, (len(codes), rows, columns, width))
        pixels = self.model.decode(latents, force_not_quantize=True).sample
        whole = ((pixels + 1) * 127.5).round().clamp(0, 255).permute(0, 2, 3, 1)
        return cast(Tensor, whole).to(torch.uint8).numpy()
