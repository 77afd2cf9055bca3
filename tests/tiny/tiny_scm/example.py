import numpy as np

from aitia.system import Example


def write(folder, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=200)
    x = z + rng.normal(size=200)
    y = 2 * x + 3 * z + rng.normal(size=200)
    lines = [f"{a!r},{b!r},{c!r},{k % 3}.5" for k, (a, b, c) in enumerate(np.column_stack([z, x, y]).tolist())]
    (folder / "rows.csv").write_text("\n".join(["z,x,y,w", *lines, ""]))
    (folder / "holes.csv").write_text("\n".join(["w", *[f"{k}.5" for k in range(40)], ""]))
    return Example(
        folder / "rows.csv",
        options={"ridge": 0.5},
        do="do(x=1)",
        other="do(x=-1)",
        rows=folder / "holes.csv",
        outcome="y",
        confounded="do(x=1.5)",
        exogenous="do(z=1.5)",
    )
