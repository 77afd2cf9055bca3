import pytest

from aitia.catalogue import find, main, systems
from aitia.errors import OptionError


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
