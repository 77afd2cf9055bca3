"""Nothing is lost by a corruption, loss stands where it is said to, and the rates are those of the papers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import DataError, OptionError
from aitia.nn.sequences import objectives as o

SENTINELS = tuple(range(100, 116))
END = 99
texts = st.lists(st.integers(0, 50), min_size=4, max_size=60).map(np.array)
seeds = st.integers(0, 2**32 - 1)
forever = settings(deadline=None, max_examples=150)


def said(example):
    """(place of what is said, id) of all that carries loss, for a decoder that says the next token."""
    return [(k + 1, int(example.targets[k])) for k in np.flatnonzero(example.weights)]


@given(texts)
@forever
def test_full_language_says_every_token_but_the_first(text):
    example = o.full_language(text)
    assert said(example) == [(k, int(text[k])) for k in range(1, len(text))]


@given(texts, seeds)
@forever
def test_prefix_language_says_what_follows_the_cut_and_the_first_of_it_at_the_last_of_the_prefix(text, seed):
    example = o.prefix_language(text, np.random.default_rng(seed))
    assert 1 <= example.prefix < len(text)
    assert said(example) == [(k, int(text[k])) for k in range(example.prefix, len(text))]


@given(texts, seeds, st.floats(0.05, 0.6), st.floats(1, 5))
@forever
def test_span_corruption_has_its_inverse_and_its_rate(text, seed, rate, mean):
    example = o.span_corruption(text, np.random.default_rng(seed), tuple(range(100, 200)), rate, mean)
    assert o.restored(example, range(100, 200)).tolist() == text.tolist()
    spans = int((example.encoder >= 100).sum())
    corrupted = len(example.tokens) - spans
    assert corrupted == min(max(round(len(text) * rate), 1), len(text) - 1)
    assert not ((example.encoder[1:] >= 100) & (example.encoder[:-1] >= 100)).any()
    assert example.encoder[0] == text[0]
    decoded = example.decoded()
    start = len(example.encoder)
    assert said(decoded) == [(start + k, int(token)) for k, token in enumerate(example.tokens)]
    assert decoded.prefix == start
    encoded = example.encoded(7)
    assert encoded.tokens.tolist() == [7, *example.tokens[:-1]]
    assert encoded.targets.tolist() == example.tokens.tolist()


def test_span_lengths_have_the_mean_that_was_asked_for():
    random, lengths = np.random.default_rng(0), []
    for _ in range(300):
        example = o.span_corruption(np.arange(90), random, SENTINELS, 0.15, 3.0)
        heads = np.flatnonzero(example.tokens >= 100)
        lengths += np.diff([*heads, len(example.tokens)]).tolist()
    assert np.mean([length - 1 for length in lengths]) == pytest.approx(14 / 5, abs=1e-9)
    assert len(set(lengths)) > 5


@given(texts, seeds)
@forever
def test_causal_masking_has_its_inverse_and_says_no_sentinel(text, seed):
    example = o.causal_masking(text, np.random.default_rng(seed), SENTINELS, END)
    assert o.unmasked(example.tokens, SENTINELS, END).tolist() == text.tolist()
    spans = int(np.isin(example.tokens, SENTINELS).sum()) // 2
    assert 1 <= spans <= 16
    assert len(example.tokens) == len(text) + 2 * spans + 1
    wanted = [(k, int(t)) for k, t in enumerate(example.tokens) if k and t not in SENTINELS]
    assert said(example) == wanted


def test_the_number_of_masks_is_poisson_from_one_to_sixteen():
    random = np.random.default_rng(1)
    counts = [
        int(np.isin(o.causal_masking(np.arange(60), random, SENTINELS, END).tokens, SENTINELS).sum()) // 2
        for _ in range(4000)
    ]
    shares = np.bincount(counts, minlength=4)[:4] / 4000
    # Poisson(1) has 1/e at 0 and at 1, which are one here, 1/2e at 2 and 1/6e at 3.
    assert shares == pytest.approx([0, 2 / np.e, 0.5 / np.e, 1 / (6 * np.e)], abs=0.03)


def test_the_share_of_whole_documents_is_as_asked():
    random = np.random.default_rng(2)
    made = [o.causal_masking(np.arange(20), random, SENTINELS, END, whole=0.3) for _ in range(2000)]
    assert np.mean([len(e.tokens) == 21 for e in made]) == pytest.approx(0.3, abs=0.04)


@given(texts, seeds, st.floats(0.05, 1.0))
@forever
def test_absorbing_masks_what_carries_loss_and_says_it_at_its_place(text, seed, time):
    keep = text % 3 > 0
    example = o.absorbing(text, np.random.default_rng(seed), 200, time, keep)
    gone = example.tokens == 200
    assert not (gone & ~keep).any()
    assert np.where(gone, example.targets, example.tokens).tolist() == text.tolist()
    assert example.weights == pytest.approx(gone / time)


def test_absorbing_masks_at_the_rate_of_its_time():
    random = np.random.default_rng(3)
    assert o.absorbing(np.zeros(20_000, dtype=int), random, 9, 0.37).tokens.mean() / 9 == pytest.approx(0.37, abs=0.02)


def test_only_responses_carry_loss():
    example = o.responses([([1, 2], False), ([3, 4], True), ([5], False), ([6, 7], True)])
    assert said(example) == [(2, 3), (3, 4), (5, 6), (6, 7)]
    assert example.prefix == 5
    with pytest.raises(DataError, match="a response stands first"):
        o.responses([([1], True)])


def test_bad_texts_are_refused():
    random = np.random.default_rng(0)
    with pytest.raises(DataError, match="at least 4 tokens, got 3"):
        o.span_corruption(np.arange(3), random, SENTINELS)
    with pytest.raises(OptionError, match="need as many sentinels, there are 2"):
        o.span_corruption(np.arange(60), random, SENTINELS[:2], 0.3, 2)
    with pytest.raises(DataError, match="holds a sentinel already"):
        o.causal_masking(np.array([1, 100, 2]), random, SENTINELS, END)
    with pytest.raises(DataError, match="stands twice"):
        o.unmasked(np.array([1, 100, 2, END]), SENTINELS, END)
    with pytest.raises(DataError, match="stands twice"):
        o.unmasked(np.array([1, 101, 101, END]), SENTINELS, END)
