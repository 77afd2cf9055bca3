"""The embedder as a module of sentence-transformers: what `SentenceTransformer(folder, trust_remote_code=True)` opens.

It has the methods that the library asks of a first module, and imports nothing of it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from torch import Tensor, nn

from aitia.files import write_whole
from aitia.systems.causal2vec.embedder import ContextualEmbedder

__all__ = ["ContextualSentences", "write_sentence_transformer"]


class ContextualSentences(nn.Module):
    """Texts to `sentence_embedding`. A prompt is the instruction before a text, and stands before the slot.

    Args:
        embedder: That embeds.
    """

    def __init__(self, embedder: ContextualEmbedder) -> None:
        super().__init__()
        self.embedder = embedder

    @property
    def tokenizer(self) -> Any:
        """Of the decoder, or of the encoder where there is none."""
        held = self.embedder.language or self.embedder.encoder
        return None if held is None else held.tokenizer

    @property
    def max_seq_length(self) -> int:
        """Tokens at most."""
        held = self.embedder.language or self.embedder.encoder
        return 0 if held is None else held.longest

    def get_embedding_dimension(self) -> int:
        """Of an embedding."""
        return self.embedder.width

    def preprocess(self, inputs: Sequence[str], prompt: str | None = None, **others: Any) -> dict[str, Tensor]:
        """The tensors of the embedder, numbered, so that the library moves them to where the model is."""
        instructions = [prompt.strip()] * len(inputs) if prompt else None
        laid = self.embedder.layout.laid(list(inputs), instructions)
        return {f"tensor_{k}": tensor for k, tensor in enumerate(self.embedder.layout.tensors(laid))}

    def forward(self, features: Mapping[str, Any], **others: Any) -> dict[str, Any]:
        """With the embedding of each text, of length 1."""
        count = sum(name.startswith("tensor_") for name in features)
        codes = self.embedder(*(features[f"tensor_{k}"] for k in range(count)))
        return {**features, "sentence_embedding": codes}

    def save(self, output_path: str, *arguments: Any, **others: Any) -> None:
        """As `export` does, without what the library writes itself."""
        self.embedder.save(output_path)

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **others: Any) -> Self:
        """From a folder."""
        return cls(ContextualEmbedder.load(Path(model_name_or_path) / subfolder))


def write_sentence_transformer(embedder: ContextualEmbedder, folder: str | Path) -> None:
    """Writes an embedder as a folder that sentence-transformers opens; low-rank updates are added to the weights.

    Raises:
        RunError: If the folder cannot be written.
    """
    embedder.save(folder)
    kind = f"{ContextualSentences.__module__}.{ContextualSentences.__name__}"
    modules = [{"idx": 0, "name": "0", "path": "", "type": kind}]
    told = {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine", "prompts": {}}
    for name, value in (("modules.json", modules), ("config_sentence_transformers.json", told)):
        write_whole(Path(folder) / name, (json.dumps(value, indent=2) + "\n").encode())
