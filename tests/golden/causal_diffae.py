"""The diffusion generator with labelled causes: 12 steps on 60 pictures of a bar and its shadow, half with labels."""

from tests.systems.causal_diffae.trained import image_set, small


def numbers() -> dict[str, list[float] | float | str]:
    facts = image_set(4, 5)
    model = small(steps=12, draw_steps=8).fit(image_set(60, 0, labelled=0.5))
    assert model.history is not None
    made: dict[str, list[float] | float | str] = {
        "loss": [part["loss"] for part in model.history.losses],
        "encode": model.encode(facts).matrix().ravel().tolist(),
        "bound": model.bound["image"],
        "inversion": model.inversion(facts).column("error").tolist(),
    }
    noise = model.abduct(facts)
    for do in ("do()", "do(height=0.3)", "do(length=shift(0.1))"):
        answer = model.do(do).solve(noise)
        made[f"{do}_length"] = answer.known.column("length").tolist()
        made[f"{do}_pixels"] = [float(picture.mean()) for picture in answer.known.pictures("image").astype(float)]
    return made
