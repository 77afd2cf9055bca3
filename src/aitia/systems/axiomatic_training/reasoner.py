"""Any language model, asked the same questions in words: a row beside the rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aitia.data.subjects import Subject
from aitia.system import Score
from aitia.systems.axiomatic_training.corpus import Question
from aitia.systems.axiomatic_training.rules import rule_answers
from aitia.text import Answers, TextScores, answer_questions, open_client, scores
from aitia.text import Question as Asked
from aitia.worlds.axiom_items import ANSWERS

if TYPE_CHECKING:
    from aitia.text import Client

__all__ = ["asked_of", "reasoner_score", "text_questions"]


def text_questions(questions: Sequence[Question]) -> list[Asked]:
    """The questions in words with two options; those of one premise are a group."""
    group = {edges: f"premise {k}" for k, edges in enumerate(dict.fromkeys(q.item.edges for q in questions))}
    found = []
    for question in questions:
        item = question.item
        label = None if question.answer is None else ANSWERS[0 if question.answer else 1]
        found.append(Asked(item.premise, item.question, ANSWERS, label, f"row {question.row}", group[item.edges]))
    return found


def asked_of(client: "Client | Subject", questions: Sequence[Question]) -> tuple[Answers, TextScores]:
    """What a client answers, each question with its options in both orders, and how often it is right."""
    if isinstance(client, Subject):
        with open_client(client) as opened:
            answers = answer_questions(opened, text_questions(questions))
    else:
        answers = answer_questions(client, text_questions(questions))
    return answers, scores(answers)


def reasoner_score(client: Subject, questions: Sequence[Question]) -> Score:
    """Its accuracy beside the rules on the same questions."""
    answers, found = asked_of(client, questions)
    share = found.accuracy if found.grouped is None else found.grouped
    rules = rule_answers([question.item for question in questions])
    true = [bool(question.answer) for question in questions]
    trivial = {name: float((said == true).mean()) for name, said in rules.items()}
    chosen = ", ".join(f"{letter} {count}" for letter, count in found.chosen.items()) or "none"
    about = (
        f"{answers.client}, asked {found.labelled} questions in both orders of the options: {share.low:.2f} to "
        f"{share.high:.2f}; the same answer in both orders to {found.consistency.value:.0%}, letters {chosen}, "
        f"{found.unparsed} answers without an option."
    )
    return Score(share.value, "higher", about, trivial)
