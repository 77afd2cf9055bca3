"""A patch grid over all layers and positions, beside a loop of hooked forwards and the installed peers: one run.

OMP_NUM_THREADS=1 python benchmarks/trace.py [--full] [--json FILE]

A random model of the size of GPT-2 small and a pair of prompts of 12 tokens; every block output at every position is
patched from the other prompt: 144 sites. The loop and the peers run the whole model once a site, as their own tutorials
do. The prompts share their first three tokens, so 36 of the patches change nothing and ours does not run them; a second
figure for ours has prompts that share none. CPU seconds, least of the repeats. Then the overhead of one hooked forward
beside a plain one (median of alternating pairs), and the memory of the process over 200 traces of a small model.
nnsight, TransformerLens and pyvene are measured where they are installed; they are heavy, so no environment of ours
holds them: make one with torch, transformers and the peers, and run this file there with PYTHONPATH=src.
`--full` repeats each grid three times.
"""

import copy
import os
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GPT2Config, GPT2LMHeadModel

from _measure import arguments, best, write
from aitia.nn.sites import LogitDifference, intervene, trace

Grid = NDArray[np.float64]
LAYERS, TOKENS, VOCABULARY = 12, 12, 50257
SITES = "transformer.h.*[position=*]"


def build(**sizes: int) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(**sizes)).eval()


def prompts(vocabulary: int, shared: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    """Two prompts that differ in the two tokens after those that they share."""
    clean = torch.randint(vocabulary, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    corrupted = clean.clone()
    corrupted[0, shared : shared + 2] = torch.tensor([11, 7])
    return clean, corrupted


def ours(model: GPT2LMHeadModel, clean: torch.Tensor, corrupted: torch.Tensor, metric: LogitDifference) -> Grid:
    found = trace(model, {"input_ids": corrupted}, SITES, metric, against={"input_ids": clean}, batch_size=16)
    if not found.replayed:
        raise SystemExit("the trace ran whole models: nothing was replayed")
    return found.values.reshape(LAYERS, TOKENS)


@torch.no_grad()
def loop(model: GPT2LMHeadModel, clean: torch.Tensor, corrupted: torch.Tensor, metric: LogitDifference) -> Grid:
    """What one writes first: a hook for each site, one forward each."""
    kept: dict[int, torch.Tensor] = {}
    blocks = model.transformer.h
    handles = [
        block.register_forward_hook(lambda _, args, out, k=k: kept.__setitem__(k, _hidden(out).clone()))
        for k, block in enumerate(blocks)
    ]
    model(input_ids=clean)
    for handle in handles:
        handle.remove()
    grid = np.empty((LAYERS, TOKENS))
    for layer, block in enumerate(blocks):
        for position in range(TOKENS):

            def patch(_: Any, args: Any, out: Any, layer: int = layer, position: int = position) -> Any:
                hidden = _hidden(out).clone()
                hidden[:, position] = kept[layer][:, position]
                return hidden if isinstance(out, torch.Tensor) else (hidden, *out[1:])

            handle = block.register_forward_hook(patch)
            grid[layer, position] = float(metric(model(input_ids=corrupted))[0])
            handle.remove()
    return grid


def _hidden(out: Any) -> torch.Tensor:
    return out if isinstance(out, torch.Tensor) else out[0]


@torch.no_grad()
def with_nnsight(model: GPT2LMHeadModel, clean: torch.Tensor, corrupted: torch.Tensor, metric: LogitDifference) -> Grid:
    from nnsight import NNsight

    wrapped = NNsight(model)
    kept = []
    with wrapped.trace(input_ids=clean):
        for layer in range(LAYERS):
            kept.append(_hidden(wrapped.transformer.h[layer].output).save())  # noqa: PERF401  # traced line by line
    grid = np.empty((LAYERS, TOKENS))
    for layer in range(LAYERS):
        for position in range(TOKENS):
            with wrapped.trace(input_ids=corrupted):
                _hidden(wrapped.transformer.h[layer].output)[:, position] = kept[layer][:, position]
                logits = wrapped.lm_head.output.save()
            grid[layer, position] = float(metric(logits)[0])
    return grid


@torch.no_grad()
def with_transformer_lens(
    model: GPT2LMHeadModel, clean: torch.Tensor, corrupted: torch.Tensor, metric: LogitDifference
) -> Grid:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(WordLevel({"a": 0}, unk_token="a"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="a", pad_token="a")  # no word is ever read
    lens = TransformerBridge.boot_transformers("gpt2", hf_model=copy.deepcopy(model), tokenizer=tokenizer)
    _, kept = lens.run_with_cache(clean)
    grid = np.empty((LAYERS, TOKENS))
    for layer in range(LAYERS):
        name = f"blocks.{layer}.hook_resid_post"
        for position in range(TOKENS):

            def patch(hidden: torch.Tensor, hook: Any, name: str = name, position: int = position) -> torch.Tensor:
                hidden = hidden.clone()
                hidden[:, position] = kept[name][:, position]
                return hidden

            grid[layer, position] = float(metric(lens.run_with_hooks(corrupted, fwd_hooks=[(name, patch)]))[0])
    return grid


@torch.no_grad()
def with_pyvene(model: GPT2LMHeadModel, clean: torch.Tensor, corrupted: torch.Tensor, metric: LogitDifference) -> Grid:
    import pyvene

    grid = np.empty((LAYERS, TOKENS))
    for layer in range(LAYERS):
        where = {
            "layer": layer,
            "component": "block_output",
            "intervention_type": pyvene.VanillaIntervention,
        }
        wrapped = pyvene.IntervenableModel([where], model)
        for position in range(TOKENS):
            _, output = wrapped({"input_ids": corrupted}, [{"input_ids": clean}], {"sources->base": position})
            grid[layer, position] = float(metric(output)[0])
    return grid


PEERS = {"nnsight": with_nnsight, "transformer_lens": with_transformer_lens, "pyvene": with_pyvene}


def overhead(model: GPT2LMHeadModel, ids: torch.Tensor) -> float:
    """Median over alternating pairs: CPU seconds of a forward with one site patched, entered anew, over a plain one."""
    ratios = []
    with torch.no_grad():
        for _ in range(25):
            started = time.process_time()
            model(input_ids=ids)
            plain = time.process_time() - started
            started = time.process_time()
            with intervene(model, {"transformer.h.5.mlp[position=-1]": 0.0}):
                model(input_ids=ids)
            ratios.append((time.process_time() - started) / plain)
    return statistics.median(ratios) - 1


def memory_growth() -> float:
    """MiB that the process grows by over 200 traces, after ten to warm up."""
    import psutil

    model = build(n_layer=3, n_embd=64, n_head=4, vocab_size=500)
    clean, corrupted = prompts(500)
    metric = LogitDifference(3, 7)
    process = psutil.Process()
    sizes = []
    for k in range(210):
        trace(model, {"input_ids": corrupted}, SITES, metric, against={"input_ids": clean})
        if k >= 9:
            sizes.append(process.memory_info().rss)
    return (sizes[-1] - sizes[0]) / 2**20


def main() -> None:
    given = arguments(__doc__)
    model = build()
    clean, corrupted = prompts(VOCABULARY)
    metric = LogitDifference(int(clean[0, 0]), int(clean[0, 1]))
    rivals: dict[str, Callable[..., Grid]] = {"loop": loop}
    for name, run in PEERS.items():
        if find_spec(name):
            rivals[f"{name} {version(name)}"] = run
        else:
            print(f"{name} is not installed and left out")
    repeats = 3 if given.full else 1
    ours(model, clean, corrupted, metric)
    mine, _, grid = best(lambda: ours(model, clean, corrupted, metric), max(2, repeats))
    print(f"{LAYERS} layers x {TOKENS} positions: ours {mine:.2f} s; the metric spans {np.ptp(grid):.2f}")
    whole, _, _ = best(lambda: ours(model, *prompts(VOCABULARY, shared=0), metric), repeats)
    print(f"prompts that share no token: ours {whole:.2f} s")
    rows: list[dict[str, Any]] = [{"ours_nothing_shared_s": whole}]
    for name, run in rivals.items():
        theirs, _, other = best(lambda run=run: run(model, clean, corrupted, metric), repeats)
        gap = float(np.abs(other - grid).max())
        print(f"{name}: {theirs:.2f} s, {theirs / mine:.1f} times ours ({theirs / whole:.1f}), largest gap {gap:.1e}")
        rows.append({"peer": name, "ours_s": mine, "theirs_s": theirs, "ratio": theirs / mine, "largest_gap": gap})
    extra = overhead(model, corrupted)
    print(f"one hooked forward costs {extra:.1%} more than a plain one")
    growth = memory_growth()
    print(f"200 traces of a small model: the process grew by {growth:.1f} MiB")
    rows.append({"overhead": extra, "growth_mib": growth})
    write(given.json, rows)


if __name__ == "__main__":
    main()
