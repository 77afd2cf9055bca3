"""A training step of the small decoder beside a bare loop, and options ranked on prompts that are read once: one run.

OMP_NUM_THREADS=1 python benchmarks/sequences.py [--full] [--json FILE]

Training: the same small decoder (width 96, 3 layers), the same 32 documents of 64 tokens, the same AdamW; ours is
`aitia.train.train` over drawn examples, masks and weights and all, the bare loop is `model(input_ids, labels).loss`,
backward, clip and step. CPU seconds a step, median over alternating runs; limit 1.15. The losses of both are the same
to 1e-4, or it stops.

Ranking: prompts of 200 tokens with 8 options of 4 tokens, of the same kind of model (width 256, 6 layers); ours reads a
prompt once. Beside it stands the loop of lm-evaluation-harness (`HFLM.loglikelihood`, its own code) where `lm_eval` is
installed; where it is not, its loop written anew: one row for each option, whole, sorted by length, in batches, which
reads the prompt once an option. The largest difference of a score is told, and more than 1e-3 stops the run. `--full`
repeats more often.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from numpy.typing import NDArray

from _measure import arguments, best, write
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import (
    DrawnExamples,
    SequenceLoss,
    SequenceModel,
    Vocabulary,
    objectives,
    option_log_probabilities,
    small_sequence_model,
)
from aitia.train import TrainConfig, train

WORDS, DOCUMENTS, LENGTH = 500, 32, 64
STEPS = 12
PROMPTS, PROMPT, OPTIONS, OPTION = 8, 200, 8, 4
SLOWEST, FARTHEST_LOSS, FARTHEST_SCORE = 1.15, 1e-4, 1e-3


def build(width: int, layers: int, longest: int) -> SequenceModel:
    tokenizer = word_tokenizer([f"w{k}" for k in range(WORDS)])
    tokenizer.eos_token = "[SEP]"
    return small_sequence_model(Vocabulary(tokenizer), width=width, layers=layers, longest=longest)


def documents() -> NDArray[np.int64]:
    return np.random.default_rng(0).integers(5, 5 + WORDS, size=(DOCUMENTS, LENGTH))


def ours_trained(texts: NDArray[np.int64]) -> tuple[float, list[float]]:
    """CPU seconds of the steps, and the losses."""
    model = build(96, 3, LENGTH)
    drawn = DrawnExamples(lambda row, _: objectives.full_language(texts[row]), len(texts), len(texts), 0)
    config = TrainConfig(
        steps=STEPS, learning_rate=1e-3, betas=(0.9, 0.95), weight_decay=0.1, clip=1.0, validate_every=1, device="cpu"
    )
    started = time.process_time()
    history = train(SequenceLoss(model), drawn, config)
    return time.process_time() - started, [float(point["loss"]) for point in history.losses]


def bare_trained(texts: NDArray[np.int64]) -> tuple[float, list[float]]:
    """The same by hand: the rows of a full batch may stand in any order."""
    network = build(96, 3, LENGTH).model.train()
    ids, losses = torch.from_numpy(texts), []
    started = time.process_time()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    for _ in range(STEPS):
        loss = network(input_ids=ids, labels=ids, use_cache=False).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
    return time.process_time() - started, losses


def training(repeats: int) -> dict[str, Any]:
    texts = documents()
    ours_trained(texts), bare_trained(texts)
    mine, theirs, gap = [], [], 0.0
    for _ in range(repeats):
        seconds, losses = ours_trained(texts)
        bare_seconds, bare_losses = bare_trained(texts)
        mine.append(seconds / STEPS)
        theirs.append(bare_seconds / STEPS)
        gap = max(gap, float(np.abs(np.subtract(losses, bare_losses)).max()))
    if gap > FARTHEST_LOSS:
        raise SystemExit(f"the losses of the two loops differ by {gap:.1e}")
    ratio = statistics.median(a / b for a, b in zip(mine, theirs, strict=True))
    told = f"training step: ours {min(mine) * 1e3:.1f} ms, bare {min(theirs) * 1e3:.1f} ms, ratio {ratio:.2f}"
    print(f"{told} ({'within' if ratio <= SLOWEST else 'OVER'} {SLOWEST})")
    return {"what": "training step", "ours_s": min(mine), "bare_s": min(theirs), "ratio": ratio, "largest_gap": gap}


def asked() -> tuple[list[list[int]], list[list[list[int]]]]:
    random = np.random.default_rng(1)
    prompts = random.integers(5, 5 + WORDS, size=(PROMPTS, PROMPT)).tolist()
    return prompts, random.integers(5, 5 + WORDS, size=(PROMPTS, OPTIONS, OPTION)).tolist()


def ours_ranked(model: SequenceModel, prompts: list[list[int]], options: list[list[list[int]]]) -> NDArray[np.float64]:
    return np.stack([scores.total for scores in option_log_probabilities(model, prompts, options)])


@torch.no_grad()
def plain_ranked(model: SequenceModel, prompts: list[list[int]], options: list[list[list[int]]]) -> NDArray[np.float64]:
    """The loop of lm-evaluation-harness: pairs of prompt and option as whole rows, the longest first, eight at once."""
    rows = [(p, o, [*prompt, *option]) for p, prompt in enumerate(prompts) for o, option in enumerate(options[p])]
    rows.sort(key=lambda row: -len(row[2]))
    found = np.empty((len(prompts), OPTIONS))
    for start in range(0, len(rows), 8):
        part = rows[start : start + 8]
        logits = model.model(input_ids=torch.tensor([row[:-1] for _, _, row in part]), use_cache=False).logits
        logs = logits.float().log_softmax(dim=-1)
        for k, (p, o, row) in enumerate(part):
            first = len(prompts[p])
            said = logs[k, first - 1 :].gather(1, torch.tensor(row[first:])[:, None])
            found[p, o] = float(said.sum())
    return found


def harness_ranked(
    model: SequenceModel, prompts: list[list[int]], options: list[list[list[int]]]
) -> NDArray[np.float64]:
    """`HFLM` of lm-evaluation-harness, given ids as its own `loglikelihood` makes them of texts."""
    from lm_eval.models.huggingface import HFLM

    held = HFLM(pretrained=model.model, tokenizer=model.tokenizer, batch_size=8, device="cpu", max_length=model.longest)
    pairs = [
        (("", f"{p} {o}"), prompt, option) for p, prompt in enumerate(prompts) for o, option in enumerate(options[p])
    ]
    answers: Sequence[tuple[float, bool]] = held._loglikelihood_tokens(pairs, disable_tqdm=True)
    return np.array([score for score, _ in answers]).reshape(len(prompts), OPTIONS)


def ranking(repeats: int) -> dict[str, Any]:
    model = build(256, 6, PROMPT + OPTION)
    prompts, options = asked()
    installed = find_spec("lm_eval") is not None
    rival: Callable[..., NDArray[np.float64]] = harness_ranked if installed else plain_ranked
    name = (
        "lm-evaluation-harness"
        if installed
        else "the loop of lm-evaluation-harness, written anew (it is not installed)"
    )
    mine, _, scores = best(lambda: ours_ranked(model, prompts, options), repeats)
    theirs, _, others = best(lambda: rival(model, prompts, options), repeats)
    gap = float(np.abs(scores - others).max())
    if gap > FARTHEST_SCORE:
        raise SystemExit(f"scores differ by {gap:.1e}")
    what = f"{PROMPTS} prompts of {PROMPT} tokens, {OPTIONS} options of {OPTION}"
    print(f"{what}: ours {mine:.2f} s, {name} {theirs:.2f} s, {theirs / mine:.1f} times; largest difference {gap:.1e}")
    row = {"what": "ranking", "peer": name, "ours_s": mine, "theirs_s": theirs}
    return {**row, "ratio": theirs / mine, "largest_gap": gap}


def main() -> None:
    given = arguments(__doc__)
    write(given.json, [training(15 if given.full else 7), ranking(5 if given.full else 2)])


if __name__ == "__main__":
    main()
