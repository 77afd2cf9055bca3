"""Pairs of names in a CSV file, and a tiny language model with random weights that answers about them."""

from pathlib import Path

from aitia.files import write_whole
from aitia.system import Example

__all__ = ["write"]

PAIRS = (
    ("altitude", "temperature", "->"), ("rainfall", "river level", "->"), ("lung cancer", "smoking", "<-"),
    ("age", "grey hair", "->"), ("wage", "schooling", "<-"), ("ice cream sales", "drowning", "neither"),
    ("sunshine", "solar power", "->"), ("price", "demand", "->"),
)  # fmt: skip


def write(folder: Path, seed: int) -> Example:
    """8 pairs with answers, 4 without, and the model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from aitia.nn.language import word_tokenizer
    from aitia.nn.quiet import without_bars
    from aitia.systems.pywhy_llm.wording import Pair, two_way_question

    lines = ["first,second,truth", *(",".join(row) for row in PAIRS)]
    write_whole(folder / "pairs.csv", "\n".join(lines) + "\n")
    write_whole(folder / "fresh.csv", "\n".join(["first,second", *(f"{a},{b}" for a, b, _ in PAIRS[:4])]) + "\n")
    words = {
        w for a, b, _ in PAIRS for w in two_way_question(Pair(a, b), "causes").prompt().replace('"', ' " ').split()
    }
    tokenizer = word_tokenizer(sorted({*words, "A", "B", "C", "A.", "B.", "C.", ".", ":", "Answer"}))
    tokenizer.eos_token = "[SEP]"
    config = LlamaConfig(
        vocab_size=len(tokenizer), num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, hidden_size=16,
        intermediate_size=16, max_position_embeddings=256, bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config).eval()
        for parameter in model.parameters():
            parameter.data += 0.5 * torch.randn_like(parameter)
    with without_bars():
        model.save_pretrained(folder / "model")
        tokenizer.save_pretrained(folder / "model")
    return Example(
        folder / "pairs.csv",
        roles={"x": "first", "y": "second", "answer": "truth"},
        subjects={"model": str(folder / "model")},
        do="do(order=swapped)",
        other="do(order=given)",
        rows=folder / "fresh.csv",
        outcome="truth",
        mask={"first": None, "second": None, "truth": None},
        why_not="the order of a question has no causes, and no column to be conditioned on",
    )
