"""Scripted models: one that knows an order, one that has it the wrong way round, one that says the first option."""

import re

SAID = re.compile(r'^([A-C])\. (?:changing )?"(.*?)" (?:causes|changes|has an effect on) "(.*?)"$', re.M)


def who_knows(order, related=lambda a, b: True, wrong=lambda a, b: False):
    """Answers by an order of names; pairs that are not related are `neither`."""

    def answer(prompts, seed=0):
        found = []
        for prompt in prompts:
            options = {(a, b): letter for letter, a, b in SAID.findall(prompt)}
            (x, y), _ = options
            if x not in order or y not in order or not related(x, y):  # of what it has not read it knows nothing
                found.append("C")
                continue
            first, second = sorted((x, y), key=order.index)
            found.append(options[(second, first) if wrong(first, second) else (first, second)])
        return found

    answer.name = "scripted"
    return answer


def always_first(prompts, seed=0):
    return ["A"] * len(prompts)
