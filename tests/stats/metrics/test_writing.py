"""chrF++ and BLEU against sacreBLEU, METEOR against NLTK, word accuracy and leaks by hand."""

import random

import pytest

from aitia.errors import DataError, OptionError
from aitia.stats.metrics import bleu, chrf, leak_rate, meteor, word_accuracy


def random_texts(rng, n):
    return ["".join(rng.choice("abcab  .,!") for _ in range(rng.randint(1, 30))).strip() or "a" for _ in range(n)]


@pytest.mark.parametrize("words", [0, 2])
def test_chrf_is_sacrebleus(words):
    peer = pytest.importorskip("sacrebleu").metrics.CHRF(word_order=words)
    rng = random.Random(words)
    for _ in range(100):
        written, references = random_texts(rng, 4), random_texts(rng, 4)
        expected = peer.corpus_score(written, [references]).score
        assert chrf(written, references, words=words) == pytest.approx(expected, abs=1e-9)


def test_chrf_is_recall_weighted_by_hand():
    # Letters: 1-grams 2 of 2 made and 2 of 3 wanted, 2-grams 1 of 1 and 1 of 2: p = 1, r = 7/12.
    p, r = 1.0, (2 / 3 + 1 / 2) / 2
    assert chrf(["ab"], ["abc"], letters=2, words=0) == pytest.approx(100 * 5 * p * r / (4 * p + r))
    assert chrf(["abc"], ["ab"], letters=2, words=0) == pytest.approx(100 * 5 * p * r / (4 * r + p))


def test_chrf_goes_from_nothing_in_common_to_the_same():
    assert chrf(["xyz"], ["abc"]) == 0.0
    assert chrf([""], ["abc"]) == 0.0
    assert chrf(["the cat sat"], ["the cat sat"]) == pytest.approx(100.0)


def test_a_mark_at_the_end_of_a_word_is_a_word():
    assert chrf(["yes ."], ["yes."]) == pytest.approx(100.0)


def test_word_accuracy_counts_places():
    assert word_accuracy(["a b c", ""], ["a c c", "d"]) == 0.5


def test_only_words_in_which_variety_and_standard_differ_can_leak():
    assert leak_rate(["mu tako"], ["mu pako"], ["mu tako"]) == 1.0
    assert leak_rate(["mu pako"], ["mu pako"], ["mu tako"]) == 0.0
    assert leak_rate(["tako tako"], ["pako lo"], ["tako sa"]) == 0.5
    # `lo` is right here, so writing it is no leak though the standard says it too.
    assert leak_rate(["lo"], ["lo pa"], ["lo lo"]) == 0.0


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(DataError, match="each text has one reference, got 1 and 2"):
        chrf(["a"], ["a", "b"])
    with pytest.raises(DataError, match="got 0 and 0"):
        word_accuracy([], [])
    with pytest.raises(DataError, match="every reference is empty"):
        word_accuracy(["a"], [" "])
    with pytest.raises(DataError, match="nothing to leak"):
        leak_rate(["a"], ["a"], ["a"])
    with pytest.raises(OptionError, match="letters is at least 1"):
        chrf(["a"], ["a"], letters=0)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_bleu_is_sacrebleus_without_smoothing(order):
    peer = pytest.importorskip("sacrebleu").metrics.BLEU(tokenize="none", smooth_method="none", max_ngram_order=order)
    rng, some = random.Random(order), 0
    for _ in range(60):
        written, references = ([" ".join(rng.choices("abc", k=rng.randint(1, 12))) for _ in range(3)] for _ in "ab")
        expected = peer.corpus_score(written, [references]).score / 100
        assert bleu(written, references, order) == pytest.approx(expected, abs=1e-9)
        some += expected > 0
    assert some > 10


class NoSynonyms:
    """Stands for NLTK's WordNet, which has to be downloaded: no word has a synonym."""

    def synsets(self, word):
        return []


class Whole:
    def stem(self, word):
        return word


def test_meteor_is_nltks_where_every_word_is_there_once():
    peer = pytest.importorskip("nltk.translate.meteor_score").meteor_score
    rng = random.Random(0)
    for _ in range(200):
        text, reference = (rng.sample("abcdefgh", rng.randint(1, 8)) for _ in "ab")
        expected = peer([reference], text, stemmer=Whole(), wordnet=NoSynonyms())
        assert meteor([" ".join(text)], [" ".join(reference)]) == pytest.approx(expected, abs=1e-12)


def test_meteor_by_hand():
    # 4 of 5 words match in 2 runs ("a b" and "c d"): p = r = .8, 1 - .5 (2 / 4)^3 = .9375.
    assert meteor(["a b x c d"], ["a b c d y"]) == pytest.approx(0.8 * 0.9375)
    # Of two equal marks the one that makes the longer run is taken: one run of 3, not "a" and ". b".
    assert meteor(["a . b"], [". a . b"]) == pytest.approx((0.75 / (0.9 + 0.1 * 0.75)) * (1 - 0.5 / 27))
    assert meteor(["", "a"], ["b", "a"]) == pytest.approx(0.25)  # a single word in common is one run of one


def test_bleu_and_meteor_refuse_what_cannot_be_scored():
    with pytest.raises(DataError, match="each text has one reference, got 1 and 0"):
        bleu(["a"], [])
    with pytest.raises(DataError, match="every reference is empty"):
        meteor(["a"], [""])
    with pytest.raises(OptionError, match="order is 1 or more, got 0"):
        bleu(["a"], ["a"], 0)
