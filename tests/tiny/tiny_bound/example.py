from aitia.system import Example


def write(folder, seed):
    weights = folder / "network"
    weights.mkdir(exist_ok=True)
    (weights / "weights.txt").write_text("1 2 3")
    return Example(
        None,
        subjects={"model": str(weights)},
        do="do(unit.1=2)",
        other="do(unit.1=3)",
        outcome="answer",
        why_not="do replaces a state",
    )
