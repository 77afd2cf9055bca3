"""Files that users of several pages have."""

import numpy as np
import torch
from tests.inside.conftest import WORDS

from aitia.data.table import Table
from aitia.data.tables import read_table, write_table
from aitia.nn.language import word_tokenizer
from aitia.system.example import example_of

__all__ = ["example", "language_model", "renamed", "tracks"]


def example(slug, folder):
    """The example of a system, beside the files of its page."""
    return example_of(slug, folder / "example", 0)


def renamed(source, target, names):
    """A table under other names of columns."""
    table = read_table(source)
    write_table(Table.of({names.get(name, name): table.labels(name) for name in table.names},
                         kinds={names.get(n, n): str(table.kind(n)) for n in table.names}), target)  # fmt: skip


def tracks(folder):
    """Scenes by environment, in text of `frame agent x y`."""
    rng = np.random.default_rng(0)
    for place in ("tracks/north", "tracks/south", "west"):
        (folder / place).parent.mkdir(exist_ok=True)
        lines = []
        for frame in range(400):
            for agent in range(3):
                x, y = agent + 0.2 * frame, 0.1 * agent * frame + 0.05 * rng.normal()
                lines.append(f"{frame * 10} {agent + 1} {x:.3f} {y:.3f}")
        (folder / f"{place}.txt").write_text("\n".join(lines))


def language_model(place, *more):
    """A Llama of three layers that has learnt nothing and knows the words of the pages."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = word_tokenizer([*WORDS, "Japan", "Tokyo", "s", "'", *more])
    tokenizer.eos_token = "[SEP]"
    config = LlamaConfig(
        vocab_size=len(tokenizer), num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=2, hidden_size=16,
        intermediate_size=32, max_position_embeddings=64, bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        model = LlamaForCausalLM(config).eval()
        for parameter in model.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
