"""What pages show of the shipped series, written by the program: the picture of README and the output in the tutorial.

python docs/flagship.py [--check]
"""

import re
import sys
from pathlib import Path

from aitia import Discovery, discover
from aitia.cli.discover import text_of

DOCS = Path(__file__).parent
PICTURE = DOCS / "_static" / "us-macro.svg"
TUTORIAL = DOCS / "tutorial.md"
BLOCK = re.compile(r"(?<=<!-- discover:begin -->\n```text\n).*?(?=\n```\n<!-- discover:end -->)", re.DOTALL)


def pages(found: Discovery) -> dict[Path, str]:
    """The text of each file that shows a result, as this result makes it."""
    return {
        PICTURE: found.to_svg() + "\n",
        TUTORIAL: BLOCK.sub(lambda _: text_of(found), TUTORIAL.read_text(encoding="utf-8")),
    }


def stale(found: Discovery) -> list[Path]:
    """The files that say something else than the result."""
    return [p for p, text in pages(found).items() if not p.is_file() or p.read_text(encoding="utf-8") != text]


def main() -> None:
    """Writes them, or says which are stale."""
    found = discover("us-macro", context="quarter")
    if "--check" in sys.argv:
        if wrong := stale(found):
            sys.exit(f"{', '.join(map(str, wrong))}: not what the program finds; run python docs/flagship.py")
        return
    for path, text in pages(found).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
