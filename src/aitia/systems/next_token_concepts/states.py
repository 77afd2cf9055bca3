"""What a language model holds of a text: its state at the last token, at one place of the network."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from aitia.errors import AitiaError, DataError, OptionError
from aitia.nn.language import LanguageModel, by_length
from aitia.nn.sites import Operation, Site, record
from aitia.nn.sites.places import find_places
from aitia.nn.sparse_autoencoders import check_activations

__all__ = ["States", "bag_of_words", "check_lengths", "output_site", "random_network", "site_of"]

Values = NDArray[np.float64]


def output_site(language: LanguageModel) -> Site | None:
    """What the output layer is given, such as `lm_head[in]`; None where the model has no output layer."""
    found = getattr(language.model, "get_output_embeddings", lambda: None)()
    name = next((name for name, module in language.model.named_modules() if module is found), None)
    return None if found is None or not name else Site(name, at="in")


def site_of(language: LanguageModel, layer: str) -> Site:
    """The site whose states are read.

    Args:
        language: The model.
        layer: A site of whole states; empty takes what the output layer is given.

    Raises:
        OptionError: If the model has no such layer, or the site names a part of it; lists the layers.
    """
    last = output_site(language)
    if not layer:
        if last is None:
            raise OptionError(
                f"{type(language.model).__name__} has no output layer, so it predicts no token: {_layers(language)}"
            )
        return last
    try:
        site = Site(layer)
        find_places(language.model, [site])
    except AitiaError as error:
        raise OptionError(f"there is no layer {layer!r} ({error}): {_layers(language)}") from error
    if site != site.whole or "*" in site.module:
        raise OptionError(f"layer is one whole module, got {layer!r}: {_layers(language)}")
    return site


def _layers(language: LanguageModel) -> str:
    last, blocks = output_site(language), language.blocks.removesuffix(".*")
    named = f"{blocks}.0 to {blocks}.{language.layers - 1}"
    return f"take layer={named}" + (f", or {last}" if last is not None else "")


class States:
    """Reads states off a model.

    Args:
        language: The model.
        site: Where.
        batch_size: Texts that run at once.
    """

    def __init__(self, language: LanguageModel, site: Site, batch_size: int = 64) -> None:
        self.language, self.site, self.batch_size = language, site, batch_size

    def of(
        self, texts: Sequence[str], operations: Mapping[Site, Operation] | None = None, places: Sequence[str] = ()
    ) -> Values:
        """The state of each text at its last token, (n, width).

        Args:
            texts: One a row.
            operations: What is done meanwhile; a state is read after what is done to it.
            places: Where each text stands, for messages; `row k` where nobody says.

        Raises:
            DataError: If a text is empty or longer than the model reads, or a state is no number; names the row and
                the layer.
        """
        check_lengths(self.language, texts, places)
        model, last = self.language.model, self.site.with_(position=-1)
        device = next(model.parameters()).device
        found: list[Values | None] = [None] * len(texts)
        for rows in by_length(texts, self.batch_size):
            inputs = {k: v.to(device) for k, v in self.language.batch([texts[row] for row in rows]).items()}
            states = record(model, inputs, [last], cast(Any, operations))[last]
            if states.ndim != 3:
                raise OptionError(f"{self.site} gives {tuple(states.shape)}, and no state for each token: take another")
            values = states[:, 0].float().cpu()
            check_activations(values, values.shape[1], f"states of {self.site}")
            for row, value in zip(rows, values.double().numpy(), strict=True):
                found[row] = value
        return np.stack(cast(list[Values], found))


def check_lengths(language: LanguageModel, texts: Sequence[str], places: Sequence[str] = ()) -> None:
    """Refuses what the model would read in part: the last token that it reads would not be that of the text.

    Args:
        language: The model.
        texts: One a row.
        places: Where each stands, for messages; `row k` where nobody says.

    Raises:
        DataError: If a text has more tokens than the model reads; names where it stands, and both numbers.
    """
    bound = getattr(getattr(language.model, "config", None), "max_position_embeddings", None)
    most = min(language.longest, int(bound or language.longest))
    rows = language.tokenizer(list(texts), verbose=False)["input_ids"]
    longer = [k for k, row in enumerate(rows) if len(row) > most]
    if not longer:
        return
    place = places[longer[0]] if places else f"row {longer[0]}"
    count = f" ({len(longer)} such texts)" if len(longer) > 1 else ""
    mend = "cut or drop it" + ("" if most == bound else ", or raise longest" + (f", up to {bound}" if bound else ""))
    raise DataError(
        f"{place}: the text has {len(rows[longer[0]])} tokens, and {most} are read{count}: a state at the last of "
        f"these would not be that of the text; {mend}"
    )


def random_network(language: LanguageModel, seed: int) -> LanguageModel | None:
    """The same architecture with random weights; None where the model is not made from its config alone."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made = type(language.model)(cast(Any, language.model).config)
    except (AttributeError, TypeError, ValueError):
        return None
    return LanguageModel(made, language.tokenizer, language.longest)


def bag_of_words(
    language: LanguageModel, texts: Sequence[str], known: Sequence[int] | None = None
) -> tuple[Values, list[int]]:
    """How often each token stands in each text, (n, tokens), and which tokens those are.

    Args:
        language: Whose tokens.
        texts: One a row.
        known: The tokens that are counted; None takes all in these texts.
    """
    rows = language.tokenizer(list(texts), verbose=False)["input_ids"]
    tokens = sorted({token for row in rows for token in row}) if known is None else list(known)
    place = {token: k for k, token in enumerate(tokens)}
    counts = np.zeros((len(texts), len(tokens)))
    for i, row in enumerate(rows):
        for token in row:
            if token in place:
                counts[i, place[token]] += 1
    return counts, tokens
