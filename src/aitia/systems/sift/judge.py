"""How well spans are found in new texts, beside a list of the names that were seen."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.system import Given, Score, Scores
from aitia.systems.sift.sentences import Span, sentence_of
from aitia.systems.sift.span_scores import span_f1

if TYPE_CHECKING:
    from aitia.systems.sift.model import Labelled, Sift

__all__ = ["judged", "seen_names"]


def judged(model: "Sift", fresh: Given, seen: Given) -> Scores:
    """Strict F1 over spans, and of each type."""
    rows = model._labelled_rows(fresh)
    if not rows:
        return {}
    given = fresh.take(rows)
    true = [list(spans) for spans in model._spans(given)]
    vocabulary = model._fitted().vocabulary
    sentences = [sentence_of(text, vocabulary, given.row_number(k)) for k, text in enumerate(given.texts("text"))]
    found = [list(written.spans) for written, _ in model.answers(sentences)]
    held = seen.take(model._labelled_rows(seen))
    shown = model._labelled(held.texts("text"), model._spans(held))
    listed = seen_names(shown, [sentence.text for sentence in sentences], model)
    scores = {
        "F1": Score(
            span_f1(true, found).f1, "higher", "Of spans, with exact boundaries and type.",
            {"names seen in training": span_f1(true, listed).f1},
        )
    }  # fmt: skip
    for kind in model.types if len(model.types) > 1 else ():
        own = span_f1(true, found, kind)
        if own.count:
            scores[f"F1 of {kind}"] = Score(
                own.f1, "higher", f"The same of {own.count} spans of this type.",
                {"names seen in training": span_f1(true, listed, kind).f1},
            )  # fmt: skip
    return scores


def seen_names(labelled: "Sequence[Labelled]", texts: Sequence[str], model: "Sift") -> list[list[Span]]:
    """Every run of words that was a span in training, the longest first, with the type that it mostly had."""
    kinds: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    for sentence, spans in labelled:
        for span in spans:
            first, behind = sentence.run(span)
            kinds[tuple(t for word in sentence.tokens[first:behind] for t in word)][span[2]] += 1
    most = max(map(len, kinds), default=0)
    found: list[list[Span]] = []
    for row, text in enumerate(texts):
        sentence, at = sentence_of(text, model._fitted().vocabulary, row), 0
        named: list[Span] = []
        while at < len(sentence.tokens):
            for behind in range(min(at + most, len(sentence.tokens)), at, -1):
                run = tuple(t for word in sentence.tokens[at:behind] for t in word)
                if run in kinds:
                    best = kinds[run].most_common(1)[0][0]
                    named.append((sentence.words[at][0], sentence.words[behind - 1][1], best))
                    at = behind - 1
                    break
            at += 1
        found.append(named)
    return found
