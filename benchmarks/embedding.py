"""Texts embedded by causal2vec and its arms beside sentence-transformers on the same backbone: seconds and lengths.

OMP_NUM_THREADS=1 python benchmarks/embedding.py [--full] [--json FILE]

The backbone is one small decoder (width 192, 4 layers), with an encoder (width 64, 2 layers) for causal2vec. The peer
is `SentenceTransformer` with that decoder and mean or last-token pooling, and for causal2vec the export opened by
it; the same texts, batch size and thread, and the largest difference of an embedding is told (more than 1e-4 stops the
run). Where sentence-transformers is not installed its loop is written anew for the two poolings: sort by length,
tokenise a batch, pad it, pool. CPU seconds; ours is to be at least as fast. Beside it stand all arms: tokens a text,
seconds, and their share of echo's.
"""

import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.nn.language import small_encoder, word_tokenizer
from aitia.nn.language.model import mean_state
from aitia.nn.sequences import SequenceModel, Vocabulary, small_sequence_model
from aitia.nn.sequences.retrieval import last_state
from aitia.systems.causal2vec.arms import ARMS, Arm
from aitia.systems.causal2vec.embedder import ContextualEmbedder, headless
from aitia.systems.causal2vec.sentences import write_sentence_transformer

WORDS, TEXTS, BATCH = 400, 256, 32
SHORTEST, LONGEST = 8, 60
FARTHEST = 1e-4
PEERS: dict[Arm, str] = {"mean": "mean", "last-token": "lasttoken"}


def texts() -> list[str]:
    random = np.random.default_rng(0)
    lengths = random.integers(SHORTEST, LONGEST + 1, TEXTS)
    return [" ".join(f"w{k}" for k in random.integers(WORDS, size=length)) for length in lengths]


def build(arm: Arm) -> ContextualEmbedder:
    words = [f"w{k}" for k in range(WORDS)]
    tokenizer = word_tokenizer(words)
    tokenizer.eos_token = "[SEP]"
    model = small_sequence_model(Vocabulary(tokenizer), width=192, layers=4, longest=2 * LONGEST + 8)
    torch.manual_seed(0)
    found = ContextualEmbedder(arm, model, headless(small_encoder(words, width=64, longest=LONGEST + 4)))
    found.settle(texts()[:64], start=True)
    return found.eval()


def of_library(folder: Path, pooling: str) -> Callable[[list[str]], NDArray[np.float32]]:
    """`SentenceTransformer` over the decoder in a folder; its tokenizer puts the end behind each text, as ours does."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    transformer = Transformer(str(folder), max_seq_length=2 * LONGEST + 8)
    pooled = Pooling(transformer.get_embedding_dimension(), pooling_mode=pooling)
    held = SentenceTransformer(modules=[transformer, pooled], device="cpu")
    return lambda given: held.encode(given, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)


@torch.no_grad()
def by_hand(model: SequenceModel, pooling: str, given: list[str]) -> NDArray[np.float32]:
    """The loop of sentence-transformers: the longest first, a batch tokenised and padded at a time."""
    order = np.argsort([-len(text) for text in given], kind="stable")
    found = np.empty((len(given), model.width), dtype=np.float32)
    base: Any = model.model.base_model
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        made = model.tokenizer([given[k] for k in rows], padding=True, return_tensors="pt")  # with their ends
        states = base(input_ids=made["input_ids"], attention_mask=made["attention_mask"]).last_hidden_state
        code = (mean_state if pooling == "mean" else last_state)(states, made["attention_mask"])
        found[rows] = torch.nn.functional.normalize(code, dim=-1).numpy()
    return found


def beside_peer(arm: Arm, pooling: str, repeats: int) -> dict[str, Any]:
    """The same pooling of the same decoder by both."""
    from tokenizers.processors import TemplateProcessing

    ours, given = build(arm), texts()
    installed = find_spec("sentence_transformers") is not None
    with tempfile.TemporaryDirectory() as place:
        ours.save(place)
        folder = Path(place) / "decoder"
        model = SequenceModel.load(folder)
        end = model.vocabulary.end
        model.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single="$A [SEP]", special_tokens=[("[SEP]", end)]
        )
        model.tokenizer.save_pretrained(folder)
        rival = of_library(folder, pooling) if installed else lambda given: by_hand(model, pooling, given)
        name = "sentence-transformers" if installed else "its loop, written anew (it is not installed)"
        return in_turns(arm, name, lambda: ours.embed(given, batch_size=BATCH).numpy(), lambda: rival(given), repeats)


def beside_export(repeats: int) -> list[dict[str, Any]]:
    """causal2vec by our loop and, exported, by that of sentence-transformers."""
    if find_spec("sentence_transformers") is None:
        print("causal2vec in sentence-transformers: not run here, needs `pip install sentence-transformers`")
        return []
    from sentence_transformers import SentenceTransformer

    ours, given = build("causal2vec"), texts()
    with tempfile.TemporaryDirectory() as place:
        write_sentence_transformer(ours, place)
        held = SentenceTransformer(place, trust_remote_code=True, device="cpu")
        return [
            in_turns(
                "causal2vec",
                "sentence-transformers, on the export",
                lambda: ours.embed(given, batch_size=BATCH).numpy(),
                lambda: held.encode(given, batch_size=BATCH, show_progress_bar=False),
                repeats,
            )
        ]


def in_turns(
    arm: str, peer: str, own: Callable[[], NDArray[np.float32]], other: Callable[[], NDArray[np.float32]], repeats: int
) -> dict[str, Any]:
    """Least CPU seconds of both, one after the other, so that what else the machine does falls on both."""
    mine = theirs = float("inf")
    for _ in range(repeats):
        seconds, _, codes = best(own, 1)
        mine = min(mine, seconds)
        seconds, _, others = best(other, 1)
        theirs = min(theirs, seconds)
    gap = float(np.abs(codes - others).max())
    if gap > FARTHEST:
        raise SystemExit(f"embeddings differ by {gap:.1e}")
    said = f"{arm}, {TEXTS} texts: ours {mine:.2f} s, {peer} {theirs:.2f} s, {theirs / mine:.2f} times"
    print(f"{said}; largest difference {gap:.1e}")
    row = {"what": f"embedding, {arm}", "peer": peer, "ours_s": mine, "theirs_s": theirs}
    return {**row, "ratio": theirs / mine, "largest_gap": gap}


def arms(repeats: int) -> list[dict[str, Any]]:
    """Tokens a text and seconds of every arm."""
    given, found = texts(), []
    for arm in ARMS:
        embedder = build(arm)
        laid = embedder.layout.laid(given)
        seconds, _, _ = best(lambda held=embedder: held.embed(given, batch_size=BATCH), repeats)  # type: ignore[misc]
        tokens = float(np.mean([len(one.ids) for one in laid]))
        found.append({"what": f"arm {arm}", "tokens": tokens, "ours_s": seconds})
    echo = next(row for row in found if row["what"] == "arm echo")
    for row in found:
        row["of_echo"] = row["ours_s"] / echo["ours_s"]
        said = f"{row['what']:17s} {row['tokens']:5.1f} tokens, {1000 * row['ours_s'] / TEXTS:.2f} s for 1,000 texts"
        print(f"{said}, {row['of_echo']:.2f} of echo's time, {row['tokens'] / echo['tokens']:.2f} of its tokens")
    return found


def main() -> None:
    given = arguments(__doc__)
    repeats = 12 if given.full else 4
    rows = [beside_peer(arm, pooling, repeats) for arm, pooling in PEERS.items()]
    write(given.json, [*rows, *beside_export(repeats), *arms(repeats)])


if __name__ == "__main__":
    main()
