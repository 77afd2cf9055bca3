"""Two hundred traces leave no more behind than twenty: tensors and hooks are counted, and the memory of the process."""

import gc
import sys
from pathlib import Path

import pytest
import torch

from aitia.inside import trace_prompt

PROMPT, OTHER = "the capital of France is", "the capital of Italy is"
FIRST, ALL = 20, 200


def held(language):
    """Tensors that live, and hooks that hang on the model."""
    gc.collect()
    tensors = sum(1 for thing in gc.get_objects() if type(thing) in (torch.Tensor, torch.nn.Parameter))
    hooks = sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in language.model.modules())
    return tensors, hooks


def resident():
    """Bytes of memory of this process."""
    if sys.platform != "linux":
        pytest.skip("the memory of a process is told by /proc")
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_memory_is_flat_over_two_hundred_traces(language):
    after = {}
    for number in range(1, ALL + 1):
        found = trace_prompt(language, PROMPT, sites=["transformer.h.1"], against=OTHER, draws=2, strongest=1)
        if number in (FIRST, ALL):
            after[number] = (held(language), resident())
    assert found.clean != found.broken
    assert after[ALL][0] == after[FIRST][0]
    assert after[ALL][1] - after[FIRST][1] < 8 << 20  # a trace that stayed would be 5 kB of tensors, and their graphs
