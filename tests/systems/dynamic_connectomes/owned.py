"""What the user of the page of this system has."""


def owned(folder):
    from aitia.worlds import CalciumWorld

    world = CalciumWorld(units=12, groups=2, members=4, phase_frames=40, seed=100)
    found = world.signals(world.sample(4, seed=0))
    (folder / "recordings").mkdir()
    for file in found.write(folder / "recordings", "animal", range(4)):
        text = file.read_text()
        file.write_text(text.replace("u1,", "AVAL,", 1))
    return {}
