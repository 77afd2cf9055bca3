"""Folders of sentence encoders: texts to vectors of length 1, and a hash by which the vectors are kept apart.

    a folder of sentence-transformers         its transformer and how it pools; further layers are refused
    an embedder that a system of ours wrote   opened by that system, without code of the folder
    any other encoder of transformers         the mean of its last states

No code of a folder is run, and no pickle is read.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.subjects import hash_folder
from aitia.errors import FormatError, OptionError
from aitia.feed.plain import sentences
from aitia.guard import guarded, read_json
from aitia.system.registry import systems

__all__ = ["Encoder", "open_encoder"]

POOLINGS = ("mean_tokens", "cls_token", "max_tokens", "lasttoken")
"""Ways of sentence-transformers from the states of a text to one vector."""
BATCH = 32


class Encoder:
    """What makes vectors of texts.

    Args:
        name: The folder.
        digest: SHA-256 of its files.
        embed: Gives (n, d) of texts.
        count: Gives the tokens of a text.
        longest: Tokens that are read of a text.
        prompts: What is put before a `query` or a `document`.
    """

    def __init__(
        self,
        name: str,
        digest: str,
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        count: Callable[[str], int],
        longest: int,
        prompts: dict[str, str],
    ) -> None:
        self.name, self.digest, self.longest = name, digest, longest
        self._embed, self._count, self._prompts = embed, count, prompts

    def encode(self, texts: Sequence[str], what: str = "document") -> NDArray[np.float32]:
        """(n, d) vectors of length 1. A text that is too long is cut behind the last sentence that fits.

        Raises:
            FormatError: If a vector holds what is no number.
        """
        before = self._prompts.get(what, "")
        parts = [
            self._embed([before + self._cut(text) for text in texts[k : k + BATCH]])
            for k in range(0, len(texts), BATCH)
        ]
        found = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
        if not np.isfinite(found).all():
            raise FormatError(f"{self.name} encodes a text as what is no number: its weights are damaged")
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        return (found / np.where(norms > 0, norms, 1)).astype(np.float32)

    def _cut(self, text: str) -> str:
        if len(text) < self.longest:  # a token has a character at least
            return text
        kept, left = list[str](), self.longest
        for sentence in sentences(text):
            left -= self._count(sentence)
            if left < 0 and kept:
                break
            kept.append(sentence)
        return " ".join(kept)


def open_encoder(folder: str | Path) -> Encoder:
    """The encoder in a folder.

    Raises:
        FormatError: If there is none, or it is of a kind that is not read here.
        MissingExtraError: If transformers is not installed.
    """
    place = Path(folder).expanduser()
    if not place.is_dir():
        raise OptionError(f"an encoder is a folder of sentence-transformers or transformers, and {folder} is none")
    modules = place / "modules.json"
    told = read_json(modules, list) if modules.is_file() else []
    with guarded(modules, "is damaged"):
        kinds = [str(module["type"]) for module in told]
        paths = [place / str(module["path"]) for module in told]
    if any(not path.resolve().is_relative_to(place.resolve()) for path in paths):
        raise FormatError(f"{modules} leads out of its folder")
    prompts = _prompts(place)
    digest = hash_folder(place)
    if kinds and kinds[0].startswith("aitia."):
        embed, count, longest = _of_system(kinds[0], paths[0])
    else:
        pooling = _pooling(kinds, paths, place)
        embed, count, longest = _of_transformers(paths[0] if paths else place, pooling, prompts)
    return Encoder(str(folder), digest, embed, count, longest, prompts)


def _prompts(place: Path) -> dict[str, str]:
    file = place / "config_sentence_transformers.json"
    with guarded(file, "is damaged"):
        found = dict(read_json(file, dict).get("prompts") or {}) if file.is_file() else {}
        named = {"query": found.get("query"), "document": found.get("document") or found.get("passage")}
    return {name: text for name, text in named.items() if isinstance(text, str) and text}


def _pooling(kinds: list[str], paths: list[Path], place: Path) -> str:
    """How the states of a text become one vector."""
    if not kinds:
        return "mean_tokens"
    last = [kind.rpartition(".")[2] for kind in kinds]
    if last[0] != "Transformer" or last[1:] not in (["Pooling"], ["Pooling", "Normalize"]):
        raise FormatError(
            f"{place} is made of {', '.join(last)}: a transformer, its pooling and a normalisation are read here"
        )
    file = paths[1] / "config.json"
    told = read_json(file, dict)
    modes = [mode for mode in POOLINGS if told.get(f"pooling_mode_{mode}") is True]
    modes = modes or [mode for mode in POOLINGS if told.get("pooling_mode") == mode.partition("_")[0]]
    if len(modes) != 1:
        raise FormatError(f"{file} does not pool in one of these ways: {', '.join(POOLINGS)}")
    return modes[0]


def _of_transformers(place: Path, pooling: str, prompts: dict[str, str]) -> tuple[Any, Any, int]:
    import torch

    from aitia.nn.language import last_states, load_language_model, mean_state

    file = place / "sentence_bert_config.json"
    with guarded(file, "is damaged"):
        said = read_json(file, dict).get("max_seq_length") if file.is_file() else None
        most = None if said is None else int(said)
    language = load_language_model(place, "encoder", longest=most)
    language.tokenizer.padding_side = "right"

    def count(text: str) -> int:
        return len(language.tokenizer(text, add_special_tokens=False)["input_ids"])

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = language.batch(texts)
        mask = inputs["attention_mask"]
        with torch.no_grad():
            states = last_states(language.model, inputs).float()
        if pooling == "cls_token":
            pooled = states[:, 0]
        elif pooling == "lasttoken":
            pooled = states[torch.arange(len(states)), mask.sum(1) - 1]
        elif pooling == "max_tokens":
            pooled = states.masked_fill(mask[..., None] == 0, -torch.inf).amax(dim=1)
        else:
            pooled = mean_state(states, mask)
        found: NDArray[np.float32] = pooled.numpy()
        return found

    room = language.tokenizer.num_special_tokens_to_add() + max((count(text) for text in prompts.values()), default=0)
    return embed, count, max(language.longest - room, 1)


def _of_system(kind: str, place: Path) -> tuple[Any, Any, int]:
    """An embedder that a system wrote: `kind` is its class, which has to be of a system that is here."""
    import torch

    module, _, name = kind.rpartition(".")
    if not any(module.startswith(f"{entry.package}.") for entry in systems().values()):
        raise FormatError(f"{place} was written by {module}, which is no system that is here")
    with guarded(place, "cannot be opened"):
        opened = getattr(import_module(module), name).load(str(place)).eval()
        longest, tokenizer = int(opened.max_seq_length), opened.tokenizer

    def count(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        with torch.no_grad():
            found: NDArray[np.float32] = opened(opened.preprocess(list(texts)))["sentence_embedding"].float().numpy()
        return found

    return embed, count, longest
