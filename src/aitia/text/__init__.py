"""Language models that are asked: one client, questions as data, answers with their scores.

questions    one record of premise, question, options and label; read from and written to files
choices      which option an answer names
client       an endpoint, a model on this machine, or a function; cache, budget, counts
endpoint, transport, pace, spending, cache     what an endpoint takes
local        a transformers folder, an id or a GGUF file; options by log-probability
local_pictures   the same of a model that reads pictures too
schema       answers in JSON, held against their schema
asking       questions in both orders, with a log that outlives a kill
scores       accuracy with intervals, consistency, positions, beside trivial answers
"""

from aitia.text.answer import Answer
from aitia.text.asking import Answers, Asked, answer_questions
from aitia.text.choices import LETTERS, parse_choice
from aitia.text.client import Client, open_client
from aitia.text.prompts import Prompt
from aitia.text.questions import Question, orders, read_questions, write_questions
from aitia.text.scores import Share, TextScores, f1_of, scores, trivial_answers
from aitia.text.spending import BudgetReachedError, Prices

__all__ = [
    "LETTERS",
    "Answer",
    "Answers",
    "Asked",
    "BudgetReachedError",
    "Client",
    "Prices",
    "Prompt",
    "Question",
    "Share",
    "TextScores",
    "answer_questions",
    "f1_of",
    "open_client",
    "orders",
    "parse_choice",
    "read_questions",
    "scores",
    "trivial_answers",
    "write_questions",
]
