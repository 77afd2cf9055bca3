"""The main job on real data, and on a table whose true graph is known. Run it with `make demo`."""

import subprocess
import sys
from pathlib import Path

from aitia import Graph, discover
from aitia.data.shipped import data_path
from aitia.graph import adjacency_scores, cpdag, shd
from aitia.graph.formats import read_bif

OUT = Path("demo")


def main() -> None:
    macro = OUT / "us-macro"
    print("1. Real data: the United States, 202 quarters from 1959 to 2009. What causes what, and what changed when?\n")
    command = [sys.executable, "-c", "from aitia.cli import main; main()", "discover", str(data_path("us_macro.csv"))]
    command += ["--context", "quarter", "--bootstrap", "40", "--jobs", "2", "--out", str(macro)]
    subprocess.run(command, check=True)
    print(
        "\nWhat a reader can check: bills and inflation change, and the mechanism of inflation moves fastest in\n"
        "1972-73, and again in 1981-82, the years of the Volcker disinflation.\n"
    )

    print("2. Known truth: 20,000 rows sampled from the survey network (Scutari and Denis 2014).\n")
    network = read_bif(data_path("survey.bif"))
    found = discover(network.sample(20_000, seed=0), alpha=0.01, out=OUT / "survey", command="make demo").graph
    print(found.to_text())
    compare(cpdag(network.graph), found)
    print(f"\nReports: {(macro / 'report.html').resolve()}\n         {(OUT / 'survey' / 'report.html').resolve()}")


def compare(true: Graph, found: Graph) -> None:
    scores = adjacency_scores(true, found)
    turned = [str(e) for e in found.edges if true.has_edge(e.left, e.right) and e not in true.edges]
    print(
        f"\nAgainst the true CPDAG: edges found with precision {scores.precision:.2f} and recall {scores.recall:.2f}, "
        f"SHD {shd(true, found)}"
    )
    if turned:
        print(
            f"Turned the wrong way: {'; '.join(turned)}. Two neighbours of education depend on each other so weakly "
            "that\nthe tests call them independent, and then education looks like their common effect."
        )


if __name__ == "__main__":
    main()
