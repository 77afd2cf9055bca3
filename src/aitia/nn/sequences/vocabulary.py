"""What a token is: the third of the three switches of a transformer. One space of ids for text, images and marks.

A tokenizer gets one token for each code of an image tokenizer, each sentinel and each marker, all atomic, so that the
folder it is saved in is opened by plain transformers, and a text that holds `<image:7>` is read as its code.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aitia.errors import DataError, FormatError, OptionError

__all__ = ["Vocabulary"]

_RANGE = re.compile(r"<(image|mask):(\d+)>")


class Vocabulary:
    """The ids of a tokenizer by kind: `text`, `image`, `mask` (sentinels), `marker` and `special`.

    Args:
        tokenizer: Of transformers, a fast one; it gets the tokens that it lacks.
        codes: How many codes an image tokenizer has; they are `<image:0>` on.
        sentinels: How many places of a text may be masked at once; they are `<mask:0>` on.
        markers: Further tokens by name, such as `<begin_image>`.

    Raises:
        OptionError: If a number is below zero, or a marker is no single word or twice there.

    Example:
        >>> from aitia.nn.language import word_tokenizer
        >>> held = Vocabulary(word_tokenizer(["a", "seven"]), codes=4, sentinels=2, markers=("<end>",))
        >>> held.encode("a <image:3> seven <mask:0> <end>").tolist() == [5, *held.image[[3]], 6, *held.mask[[0]], 13]
        True
    """

    def __init__(self, tokenizer: Any, *, codes: int = 0, sentinels: int = 0, markers: Sequence[str] = ()) -> None:
        if codes < 0 or sentinels < 0:
            raise OptionError(f"codes and sentinels are from 0 on, got {codes} and {sentinels}")
        if len(set(markers)) < len(markers) or any(len(name.split()) != 1 for name in markers):
            raise OptionError(f"markers are single words, each once, got {', '.join(map(repr, markers))}")
        self.tokenizer = tokenizer
        wanted = [f"<image:{k}>" for k in range(codes)] + [f"<mask:{k}>" for k in range(sentinels)] + list(markers)
        held = tokenizer.get_vocab()
        tokenizer.add_tokens([name for name in wanted if name not in held], special_tokens=True)
        self.image = self._ids(wanted[:codes])
        self.mask = self._ids(wanted[codes : codes + sentinels])
        self.markers = dict(zip(markers, map(int, self._ids(markers)), strict=True))

    @classmethod
    def of(cls, tokenizer: Any) -> "Vocabulary":
        """The vocabulary of a tokenizer that was saved by one.

        Raises:
            FormatError: If the codes or sentinels that it holds are not numbered from 0 without gaps.
        """
        found: dict[str, list[int]] = {"image": [], "mask": []}
        added = tokenizer.get_added_vocab()
        for name in added:
            if match := _RANGE.fullmatch(name):
                found[match[1]].append(int(match[2]))
        for kind, numbers in found.items():
            if sorted(numbers) != list(range(len(numbers))):
                raise FormatError(f"the tokenizer holds <{kind}:k> with gaps: it was not saved whole")
        own = {*tokenizer.all_special_tokens} - {*getattr(tokenizer, "extra_special_tokens", ())}
        markers = [name for name in sorted(added, key=added.get) if not _RANGE.fullmatch(name) and name not in own]
        return cls(tokenizer, codes=len(found["image"]), sentinels=len(found["mask"]), markers=markers)

    def __len__(self) -> int:
        return len(self.tokenizer)

    @property
    def pad(self) -> int:
        """Id of padding; one without it pads with its end of sequence.

        Raises:
            OptionError: If the tokenizer has neither.
        """
        return self._one("pad_token_id", "eos_token_id", what="padding")

    @property
    def end(self) -> int:
        """Id of the end of a sequence.

        Raises:
            OptionError: If the tokenizer has none.
        """
        return self._one("eos_token_id", "sep_token_id", what="end of a sequence")

    def of_kind(self, *kinds: str) -> NDArray[np.bool_]:
        """(vocabulary,) which ids are of one of the kinds.

        Raises:
            OptionError: If there is no such kind.
        """
        known = self._kinds()
        if unknown := [kind for kind in kinds if kind not in known]:
            raise OptionError(f"a token is {', '.join(known)}, not {unknown[0]!r}")
        found = np.zeros(len(self), dtype=bool)
        for kind in kinds:
            found[known[kind]] = True
        return found

    def encode(self, text: str) -> NDArray[np.int64]:
        """Ids of a text, without tokens that the tokenizer would put around it."""
        return np.asarray(self.tokenizer(text, add_special_tokens=False)["input_ids"], dtype=np.int64)

    def unknown(self, texts: Iterable[str], what: str) -> str:
        """How many words of texts the tokenizer does not know, as a sentence; empty where it knows all.

        Args:
            texts: Their words are apart by white space.
            what: The texts are, in a few words.

        Raises:
            DataError: If it knows none of them.
        """
        counts = Counter(word for text in texts for word in text.split())
        mark, name, words = self.tokenizer.unk_token_id, self.tokenizer.unk_token, [*counts]
        if mark is None or not words:
            return ""
        made = self.tokenizer(words, add_special_tokens=False)["input_ids"]
        lost = [word for word, ids in zip(words, made, strict=True) if mark in ids and word != name]
        if not lost:
            return ""
        count, total = sum(counts[word] for word in lost), counts.total()
        if count == total:
            raise DataError(f"the tokenizer knows no word of {what}, such as {lost[0]!r}: take the one of such texts")
        return (
            f"{count} of {total} words of {what} are unknown to the tokenizer and read as {name}, such as {lost[0]!r}"
        )

    def decode(self, ids: Sequence[int] | NDArray[np.int64]) -> str:
        """The text of ids, codes, sentinels and markers among it."""
        return cast(str, self.tokenizer.decode([int(k) for k in ids], skip_special_tokens=False))

    def codes(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Codes of the image tokenizer of ids.

        Raises:
            DataError: If an id is no code.
        """
        found = np.full(len(self), -1)
        found[self.image] = np.arange(len(self.image))
        held = found[np.asarray(ids)]
        if (held < 0).any():
            raise DataError(f"{self.decode(np.asarray(ids)[held < 0][:1])!r} stands where an image should")
        return held

    def extend(self, model: nn.Module) -> None:
        """Makes room in a model for the tokens that are new; each begins as the mean of the old ones.

        Raises:
            FormatError: If the model has fewer rows than the tokenizer had words, so that they do not fit together.
        """
        held = cast(Any, model)
        old = int(held.get_input_embeddings().weight.shape[0])
        known = int(self.tokenizer.vocab_size)
        if old < known:
            raise FormatError(f"the model has {old} rows for a tokenizer of {known} words: they do not belong together")
        if old >= len(self):
            return
        held.resize_token_embeddings(len(self), mean_resizing=False)
        with torch.no_grad():
            layers = {id(layer): layer for layer in (held.get_input_embeddings(), held.get_output_embeddings())}
            for layer in layers.values():
                if layer is not None:
                    weight = cast(Tensor, layer.weight)
                    weight[old:] = weight[:old].mean(dim=0)

    def _kinds(self) -> Mapping[str, NDArray[np.int64]]:
        markers = np.array([*self.markers.values()], dtype=np.int64)
        taken = np.concatenate([self.image, self.mask, markers])
        special = np.setdiff1d(np.array(self.tokenizer.all_special_ids, dtype=np.int64), taken)
        text = np.setdiff1d(np.arange(len(self)), np.concatenate([taken, special]))
        return {"text": text, "image": self.image, "mask": self.mask, "marker": markers, "special": special}

    def _ids(self, names: Sequence[str]) -> NDArray[np.int64]:
        return np.array([self.tokenizer.convert_tokens_to_ids(name) for name in names], dtype=np.int64)

    def _one(self, *names: str, what: str) -> int:
        for name in names:
            if (found := getattr(self.tokenizer, name)) is not None:
                return int(found)
        raise OptionError(
            f"the tokenizer has no token for {what}: set one, such as tokenizer.add_special_tokens("
            "{'eos_token': '</s>'}), and save it"
        )
