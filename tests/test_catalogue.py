import re
from dataclasses import fields
from pathlib import Path

import pytest

from aitia.catalogue import find, main, systems
from aitia.errors import OptionError
from aitia.system import systems as every
from aitia.system import verbs_of

CONTRACT = Path(__file__).parents[1] / "docs" / "contract.md"


def test_every_system_has_a_card_with_all_its_lines_and_a_claim():
    from aitia.workflow.verify import claim_of

    listed = systems()
    assert [s.card.slug for s in listed] == sorted({s.card.slug for s in listed})
    for s in listed:
        assert s.card.title
        assert s.card.authors
        assert s.card.claim.endswith(".")
        assert s.card.source.startswith("https://")
        assert claim_of(s.card.slug).card == s.card


def test_an_unknown_slug_is_told_with_the_nearest():
    assert find("cd-nod").file == "src/aitia/systems/cd_nod/model.py"
    with pytest.raises(OptionError, match="Did you mean 'cd-nod'"):
        find("cdnod")


def test_the_table_is_written_between_its_marks_and_checked(tmp_path, capsys):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- systems:begin -->\nold\n<!-- systems:end -->\nafter\n")
    assert main([str(page), "--check"]) == 1
    assert main([str(page)]) == 0
    assert main([str(page), "--check"]) == 0
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "`cd-nod`" in text
    page.write_text("no marks")
    assert main([str(page)]) == 1
    assert "systems:begin" in capsys.readouterr().err


def test_what_became_of_the_methods_of_before_is_there():
    """The table of docs/contract.md names, for each old method, a verb, option, role or own method that there is."""
    text = CONTRACT.read_text().split("### From the old methods to the contract")[1].split("## Appendix B")[0]
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| (.*) \|$", text, re.M))
    papers = {slug for slug, e in every().items() if e.card.member_of is None and e.package.startswith("aitia.")}
    assert papers <= set(told) | {"tabpfn"}
    for slug, line in told.items():
        for named in [slug] if slug in every() else []:
            cls, card = every()[named].load(), every()[named].card
            own = set(re.findall(r"own `(\w+)`", line))
            assert own <= {*dir(cls), *cls.__annotations__}, (named, own - set(dir(cls)))
            options = {
                name
                for group in re.findall(r"options? (`\w+`(?:, `\w+`)*)", line)
                for name in re.findall(r"\w+", group)
            }
            assert options <= {f.name for f in fields(cls.Config)}, (named, options)
            roles = {
                name for group in re.findall(r"roles? (`\w+`(?:, `\w+`)*)", line) for name in re.findall(r"\w+", group)
            }
            assert roles <= set(card.takes), (named, roles)
            verbs = set(re.findall(r"-> `(predict|effects|encode|graphs|counterfactual|export|adapt)\b", line))
            assert verbs <= set(verbs_of(cls)), (named, verbs)
    for name, slugs in (("decode", ("vae", "idol")), ("influence", ("tdrl", "idol")), ("columns", ("supervised",))):
        assert f"own `{name}`" in told["members"]
        assert all(hasattr(every()[slug].load(), name) for slug in slugs)
