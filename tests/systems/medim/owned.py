"""What the user of the page of this system has."""

from aitia.data.reading.pictures import write_pictures
from aitia.nn.language import word_tokenizer
from aitia.nn.sequences import Vocabulary, small_sequence_model
from aitia.worlds import WardWorld


def owned(folder):
    world = WardWorld()
    sample = world.sample(60, seed=0)
    images, reports = world.render(sample), world.reports(sample)
    found, lines = [], ["image,report,domain,finding"]
    for row, held in enumerate(world.attributes(sample)):
        place = folder / "scans" / held["domain"]
        write_pictures(images[row : row + 1], place, [f"{row:02}.png"])
        (place / f"{row:02}.txt").write_text(reports[row], encoding="utf-8")
        found.append(held.get("finding", "none"))
        lines.append(f"scans/{held['domain']}/{row:02}.png,{reports[row]},{held['domain']},{found[-1]}")
    (folder / "pairs.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "asked.csv").write_text("\n".join(["report,domain", f"{reports[0]},cxr", ",path"]), encoding="utf-8")
    tokenizer = word_tokenizer(world.vocabulary)
    tokenizer.eos_token = "[SEP]"
    small_sequence_model(Vocabulary(tokenizer), width=16, layers=1, heads=2, longest=256).save(folder / "my-model")
    return {}
