"""The edit: one matrix W of the text encoder, changed so that the words of a concept give what other words give.

    dW = G K' (K K' + l m I)^-1,     G = V - W K - b,    m the mean square of the keys                             (1)

K is what W is given at the last token of the concept (and behind it), V what it gives at those of the other prompt.
That is the closed form of the paper, with the bias taken off the values (the released code counts it twice) and its
absolute l made relative. `kept` differs in two ways: the directions of keys that prompts usually have cost more, as in
`aitia.nn.edits.edit_memory`, and V also makes up for what the residual stream carries past the attention, namely the
word itself,

    V + (r_other - r),     r what the layer is given                                                               (2)

so that after the attention the state is that of the other prompt.

Source:
    Basu and others, Localizing and editing knowledge in text-to-image generative models, ICLR 2024, Diff-QuickFix; Meng
    and others, MEMIT, ICLR 2023, for keys that are kept. (2) is ours.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from aitia.errors import DataError
from aitia.nn.edits import Edit, edit_memory
from aitia.nn.pipelines import ImagePipeline
from aitia.nn.sites import intervene
from aitia.systems.diff_quickfix.config import DiffQuickfixConfig
from aitia.systems.diff_quickfix.prompts import Pair
from aitia.systems.diff_quickfix.states import output_matrix, positions_of, self_attentions

__all__ = ["attention_of", "random_edit", "solve_edit"]

FLOOR = 0.01
"""Mean square that is added to usual keys in every direction, as a share of theirs: few prompts span few of them."""


def attention_of(pipeline: ImagePipeline, encoder: str, layer: int) -> str:
    """The self-attention of a layer.

    Raises:
        DataError: If the encoder has fewer layers.
    """
    found = self_attentions(pipeline, encoder)
    if layer >= len(found):
        raise DataError(f"{encoder} of {pipeline.source} has {len(found)} layers, got layer={layer}")
    return found[layer]


@torch.no_grad()
def solve_edit(
    pipeline: ImagePipeline, layer: int, pairs: Sequence[Pair], kept: Sequence[str], config: DiffQuickfixConfig
) -> Edit:
    """The change of the output matrix of a layer's self-attention; the pipeline stays as it is.

    Args:
        pipeline: It.
        layer: Of the text encoder.
        pairs: Prompts with the concept and with other words; several concepts are solved together.
        kept: Prompts whose pictures are to stay; `published` makes no use of them.
        config: How.

    Raises:
        InterventionError: If the matrix cannot be changed alone; see `output_matrix`.
    """
    encoder = config.encoder
    attention = attention_of(pipeline, encoder, layer)
    name = output_matrix(pipeline, attention)
    stream = attention.rsplit(".", 1)[0]
    sites = [f"{name}[in]", name, f"{stream}[in]"]
    prompts = [pair.prompt for pair in pairs] + [pair.other for pair in pairs]
    with intervene(pipeline, record=sites) as run:
        pipeline.embed(prompts)
    keys_of, values_of, stream_of = (_first(run.runs(site)) for site in sites)
    keys, values = [], []
    count = len(pairs)
    ends = [(pair.ending, pair.other_ending) for pair in pairs]
    for row, (mine, theirs) in enumerate(positions_of(pipeline, ends, encoder, config.later, keys_of.shape[1])):
        value = values_of[count + row, theirs]
        if config.method == "kept":
            value = value + stream_of[count + row, theirs] - stream_of[row, mine]
        keys.append(keys_of[row, mine])
        values.append(value)
    usual, ridge = None, config.ridge
    if ridge is None:
        ridge = 1.0 if config.method == "kept" else 0.01
    if config.method == "kept":
        with intervene(pipeline, record=sites[:1]) as run:
            pipeline.embed([*kept, *(pair.other for pair in pairs)])
        usual = _spanning(_first(run.runs(sites[0])).flatten(0, 1))
    return edit_memory(pipeline, name, torch.cat(keys), torch.cat(values), usual=usual, ridge=ridge)


def random_edit(edit: Edit, seed: int) -> Edit:
    """A change as long, in a random direction."""
    drawn = torch.randn(edit.delta.shape, generator=torch.Generator().manual_seed(seed)).to(edit.delta)
    return Edit(edit.name, drawn * edit.delta.norm() / drawn.norm(), edit.made_for)


def _first(runs: Sequence[Tensor]) -> Tensor:
    """Of the first run of the encoder, in case the pipeline runs it for empty prompts too."""
    return runs[0]


def _spanning(keys: Tensor) -> Tensor:
    """The keys and, in every direction, a share of their mean square."""
    k = keys.double()
    size = (FLOOR * k.square().mean() * len(k)).sqrt()
    return torch.cat([k, size * torch.eye(k.shape[1], dtype=k.dtype, device=k.device)])
