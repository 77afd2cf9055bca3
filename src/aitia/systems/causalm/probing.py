"""What fresh probes read off frozen encoders."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.engine import Progress
from aitia.nn.language import LanguageModel, mean_state
from aitia.systems.causalm.config import CausaLMConfig
from aitia.systems.causalm.effects import Erasure
from aitia.systems.causalm.readers import Reader, Readers, linear_probe, seen, train_head

__all__ = ["erasure_of"]

Codes = NDArray[np.int64]


def erasure_of(
    config: CausaLMConfig,
    encoders: Mapping[str, LanguageModel],
    readers: Readers,
    texts: Sequence[str],
    treated: Codes,
    kept: Mapping[str, Codes],
    progress: Progress | None,
) -> tuple[Erasure, ...]:
    """One line an encoder: probes are trained on half of the texts and asked on the other.

    Args:
        config: Options.
        encoders: By name.
        readers: Whose closed form is applied first.
        texts: n texts.
        treated: Codes of the concept, (n,).
        kept: Codes of each control, (n,).
        progress: Told how far it is.
    """
    order = np.random.default_rng(config.seed).permutation(len(texts))
    train_rows, test_rows = order[: len(order) // 2], order[len(order) // 2 :]
    found = []
    for name, model in encoders.items():
        batch, reader = model.batch(texts), readers[name]
        states, mask = seen(model, batch["input_ids"], batch["attention_mask"], "attention", config)
        with torch.no_grad():
            mean = reader.erased(mean_state(states, mask)).numpy()

        def linear(codes: Codes, mean: NDArray[np.float32] = mean) -> float:
            return linear_probe(mean, codes, train_rows, test_rows)

        probe = Reader("attention", int(treated.max()) + 1, model.width)
        z = torch.from_numpy(treated)
        train_head(probe, states[train_rows], mask[train_rows], z[train_rows], config, progress, f"probe: {name}")
        with torch.no_grad():
            right = probe(states[test_rows], mask[test_rows]).argmax(dim=1) == z[test_rows]
        share = float(np.bincount(treated[test_rows]).max()) / len(test_rows)
        controls = {control: linear(codes) for control, codes in kept.items()}
        found.append(Erasure(name, linear(treated), float(right.float().mean()), share, controls))
    return tuple(found)
