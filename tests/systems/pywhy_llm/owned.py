"""What the user of the page of this system has."""

from tests.docs.files import example


def owned(folder):
    made = example("pywhy-llm", folder)
    (made.files.parent / "model").rename(folder / "my-model")
    (folder / "pairs.csv").write_text(made.files.read_text().replace("first,second,truth", "x,y,answer"))
    (folder / "new.csv").write_text("x,y\naltitude,temperature\nrainfall,river level\n")
    lines = [f"{k % 7},{k % 5},{k % 3},{(k * 7) % 11}" for k in range(40)]
    (folder / "visits.csv").write_text("\n".join(["age,dose,cure,weight", *lines]))
    (folder / "columns.txt").write_text("age: years of the patient\ndose: mg a day\n")
    published = folder / "tuebingen"
    published.mkdir()
    (published / "pairmeta.txt").write_text("0001 1 1 2 2 0.5\n0002 2 2 1 1 1\n")
    (published / "pair0001_des.txt").write_text("x: altitude\ny: temperature (in degrees)\n")
    (published / "pair0002_des.txt").write_text("x: river level\ny: rainfall\n")
    return {}
