"""Training of GCRL beside the loops of the reference structure: the same networks, draws and loss, one run.

OMP_NUM_THREADS=1 python benchmarks/gcrl.py [--json FILE]

The reference structure goes through environments and through draws one after another in Python, and lets the gradient
pass through all 20 draws of which the best counts. Here environments and draws are axes of one array, and the gradient
is taken for the best draw alone. Published sizes: width 32, 64 scenes of each of 3 environments, 10 draws, best of 20.
Both losses are compared on the same noise before anything is timed. CPU seconds an update, the least of five repeats.
"""

from typing import Any

import torch
from torch import Tensor

from _measure import arguments, best, write
from aitia.nn.gaussian import gaussian_log_prob
from aitia.systems.gcrl import GCRLConfig
from aitia.systems.gcrl.network import Network
from aitia.systems.gcrl.objective import Objective
from aitia.worlds import OrcaWorld

ENVIRONMENTS, SCENES, UPDATES = 3, 64, 10


def looped(net: Network, config: GCRLConfig, tracks: Tensor, noise: tuple[Tensor, Tensor]) -> Tensor:
    """The decoupled loss, one environment and one draw at a time."""
    total = tracks.new_zeros(())
    for e, scenes in enumerate(tracks):
        present = torch.ones(scenes.shape[:2], dtype=torch.bool)
        seen = net.tracks.see(scenes[:, :, : config.observed])
        z, s = net.tracks.z_of(seen, present), net.tracks.s_of(scenes, present)
        bound, errors = tracks.new_zeros(len(scenes)), []
        for k in range(config.best_of):
            z_draw = z.mean + torch.exp(0.5 * z.log_variance) * noise[0][k, e]
            s_draw = s.mean + torch.exp(0.5 * s.log_variance) * noise[1][k, e]
            future = seen.home(net.tracks.ahead(z_draw, s_draw, seen))
            errors.append((future - scenes[:, :, config.observed :]).square().sum(-1).mean((-1, -2)))
            if k < config.latent_draws:
                rebuilt = seen.home(net.tracks.past(z_draw, s_draw)) - scenes[:, :, : config.observed]
                of_z = gaussian_log_prob(z_draw, z.mean, z.log_variance) - net.z_prior.log_prob(z_draw)
                of_s = gaussian_log_prob(s_draw, s.mean, s.log_variance) - net.s_prior.log_prob(s_draw)
                squares = rebuilt.square().sum((-1, -2, -3)) / config.variance
                bound = bound + (-0.5 * squares - of_z.sum(-1) - of_s) / config.latent_draws
        scale = config.future / config.variance
        total = total + (scale * torch.stack(errors).amin(0) - bound).mean()
    return total


def main() -> None:
    given = arguments(__doc__)
    config = GCRLConfig(objective="decoupled", labels=False, learned=False, width=32, latent_draws=10)
    world = OrcaWorld()
    made = [world.render(world.sample(SCENES, env=label)) for label in world.environments]
    tracks = torch.stack([torch.from_numpy(part).float() for part in made])
    present = torch.ones(tracks.shape[:3], dtype=torch.bool)
    torch.manual_seed(0)
    net = Network(config, ENVIRONMENTS)
    net.tracks.learn_scales(tracks.flatten(0, 1))
    objective = Objective(net, config)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-9, fused=True)
    shapes = ((config.best_of, ENVIRONMENTS, SCENES, 2, config.z_size), (config.best_of, ENVIRONMENTS, SCENES, 2))

    def drawn() -> tuple[Tensor, Tensor]:
        return torch.randn(*shapes[0]), torch.randn(*shapes[1])

    torch.manual_seed(1)
    mine = objective(tracks, present)["loss"].detach()
    torch.manual_seed(1)
    constant = ENVIRONMENTS * 0.5 * 4 * config.observed * torch.log(torch.tensor(2 * torch.pi * config.variance))
    theirs = looped(net, config, tracks, drawn()).detach() + constant
    if not torch.allclose(mine, theirs, rtol=1e-4):
        raise SystemExit(f"the two losses differ: {mine:.3f} and {theirs:.3f}")

    def update(loss: Any) -> None:
        for _ in range(UPDATES):
            optimizer.zero_grad(set_to_none=True)
            loss().backward()
            optimizer.step()

    ours, _, _ = best(lambda: update(lambda: objective(tracks, present)["loss"]), 5)
    loop, _, _ = best(lambda: update(lambda: looped(net, config, tracks, drawn())), 5)
    row: dict[str, Any] = {
        "scenes": ENVIRONMENTS * SCENES,
        "scenes_a_second": ENVIRONMENTS * SCENES * UPDATES / ours,
        "loop_scenes_a_second": ENVIRONMENTS * SCENES * UPDATES / loop,
        "ratio": loop / ours,
    }
    print(
        f"decoupled objective, pair form: ours {row['scenes_a_second']:.0f} scenes a second and core, loops "
        f"{row['loop_scenes_a_second']:.0f}, {row['ratio']:.1f} times"
    )
    write(given.json, [row])


if __name__ == "__main__":
    main()
