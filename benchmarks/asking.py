"""What asking costs beside the answers themselves.

- the log: 10,000 answers that are at hand, gone through by `answer_questions` again, beside `json.loads` of its lines
- the cache: 10,000 answers that are at hand in it, each a file, beside reading and parsing those files
- options: 6 options of two words after a premise of 200 words, ranked by a small model that reads the premise once,
  beside one forward an option

CPU seconds, the least of the repeats; options and forwards take turns, so that a busy machine is as busy for both. Ends
with what was missed where a log or cache takes a second or more, or options are less than 3 times as fast.

python benchmarks/asking.py [--json FILE]
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from _measure import arguments, best, write
from aitia.text import Question, answer_questions, open_client
from aitia.text.asking import JOURNAL

ANSWERS = 10_000
REPEATS = 3
MOST_SECONDS, LEAST_RATIO = 1.0, 3.0


def questions() -> list[Question]:
    """So many that both orders make `ANSWERS` prompts, as long as those of five variables."""
    premise = (
        "There is a closed system of 5 variables A, B, C, D and E. " + "A is independent of B given C and D. " * 12
    )
    return [Question(f"{premise}{k}", "Does A cause B?", ("Yes", "No"), "No", str(k)) for k in range(ANSWERS // 2)]


def log(folder: Path) -> dict[str, float]:
    held, client = questions(), open_client(lambda prompts, seed: ["A"] * len(prompts), batch_size=1000)
    answer_questions(client, held, log=folder)
    ours, wall, found = best(lambda: answer_questions(client, held, log=folder), REPEATS)
    assert sum(map(len, found.asked)) == ANSWERS
    lines = (folder / JOURNAL).read_bytes().splitlines()
    plain, _, _ = best(lambda: [json.loads(line.partition(b" ")[2]) for line in lines], REPEATS)
    return {"ours": ours, "wall": wall, "parsing alone": plain}


def cache(folder: Path) -> dict[str, float]:
    prompts = [question.prompt(order) for question in questions() for order in ((0, 1), (1, 0))]
    client = open_client(lambda asked, seed: ["A"] * len(asked), batch_size=1000, cache=folder)
    client.complete(prompts)
    ours, wall, found = best(lambda: client.complete(prompts), REPEATS)
    assert all(answer.cached for answer in found)
    files = sorted(folder.rglob("*.json"))
    plain, _, _ = best(lambda: [json.loads(file.read_bytes()) for file in files], REPEATS)
    return {"ours": ours, "wall": wall, "parsing alone": plain}


def options(folder: Path) -> dict[str, float]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from aitia.nn.language import word_tokenizer
    from aitia.text.prompts import Prompt

    words = [f"w{k}" for k in range(500)]
    tokenizer = word_tokenizer(words, 512)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=256, intermediate_size=512, num_hidden_layers=6, num_attention_heads=4,
        max_position_embeddings=512, bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    random = np.random.default_rng(0)
    prompts = [" ".join(random.choice(words, 200)) for _ in range(8)]
    said = [" ".join(random.choice(words, 2)) for _ in range(6)]
    client = open_client(folder, device="cpu")
    model = client.backend.sequence.model

    def each() -> np.ndarray:
        rows = []
        for prompt in prompts:
            ids = client.backend.ids(Prompt(prompt))
            for option in said:
                more = client.backend._tokens(" " + option)
                with torch.no_grad():
                    logits = model(torch.tensor([[*ids, *more]])).logits[0].log_softmax(-1)
                rows.append(sum(float(logits[len(ids) - 1 + k, token]) for k, token in enumerate(more)))
        return np.array(rows).reshape(len(prompts), len(said))

    ours = wall = plain = float("inf")
    for _ in range(REPEATS):
        cpu, seconds, found = best(lambda: client.choose(prompts, said), 1)
        forwards, _, wanted = best(each, 1)
        ours, wall, plain = min(ours, cpu), min(wall, seconds), min(plain, forwards)
    assert np.abs(found - wanted).max() < 1e-3
    return {"ours": ours, "wall": wall, "one forward an option": plain}


def main() -> None:
    told = arguments(__doc__)
    rows = []
    for name, measure in (("log", log), ("cache", cache), ("options", options)):
        with tempfile.TemporaryDirectory() as folder:
            row = {"what": name} | measure(Path(folder))
        rows.append(row)
        print("  ".join(f"{key} {value:.3f} s" if isinstance(value, float) else value for key, value in row.items()))
    write(told.json, rows)
    if missed := [row["what"] for row in rows if _missed(row)]:
        sys.exit(f"slower than asked for: {', '.join(missed)}")


def _missed(row: dict[str, Any]) -> bool:
    if "one forward an option" in row:
        return bool(row["one forward an option"] < LEAST_RATIO * row["ours"])
    return bool(row["ours"] >= MOST_SECONDS)


if __name__ == "__main__":
    main()
