"""The example of the page on sites runs."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "sites.md"


def test_the_example_of_the_page_runs_and_finds_what_it_says(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names = {}
    exec(example, names)
    assert "transformer.h.1[position=2]" in capsys.readouterr().out
    found = names["found"]
    assert len(found.sites) == 12
    alone = names["LogitDifference"](3, 7)(names["patched"])
    assert (
        abs(float(alone[0]) - found.values[[str(s) for s in found.sites].index("transformer.h.1[position=2]"), 0])
        < 1e-5
    )
