"""A scripted model that knows an order, with one cycle in what it says."""

import re

from aitia.graph import Graph
from aitia.systems.pywhy_llm import PywhyLlm

ORDER = ["sun", "rain", "river", "flood", "harm"]


def says(prompts: list[str], seed: int = 0) -> list[str]:
    found = []
    for prompt in prompts:
        x, y = re.findall(r'"(.*?)"', prompt)[:2]
        first = (ORDER.index(x) < ORDER.index(y)) != ({x, y} == {"sun", "harm"})
        found.append("A" if first else "B")
    return found


def numbers() -> dict[str, list[float] | float | str]:
    model = PywhyLlm().fit(None, model=says)
    drawn = model.over(ORDER)
    came = model.consult(Graph("sun --> river; rain --> river; river --> flood; flood --- harm"))
    return {
        "graph": str(drawn.graph), "dropped": str(drawn.cycles), "consulted": str(came.graph), "reason": came.reason,
        "right": float(came.agreed), "told": float(came.told),
    }  # fmt: skip
