"""Reciprocal collision avoidance, compiled: many scenes of a few agents, step by step."""

import numpy as np

from aitia.compiled import njit

__all__ = ["HORIZON", "SPEED", "STEP", "walk"]

STEP = 0.02
"""Seconds of an integration step."""
HORIZON = 2.0
"""Seconds that an agent looks ahead."""
SPEED = 1.0
"""Preferred and largest speed in m/s."""

_TINY = 1e-10


@njit(nogil=True)
def _line(px, py, vx, vy, reach):  # type: ignore[no-untyped-def]
    """The velocities that an agent may take because of one other: a line, as a point less its velocity and a direction.

    Args:
        px, py: Where the other is, seen from the agent.
        vx, vy: The agent's velocity, seen from the other.
        reach: Sum of the two radii.

    Returns:
        The change u / 2 of the own velocity that lies on the line, and the line's direction; allowed is what lies to
        the left of it.
    """
    distance2, reach2 = px * px + py * py, reach * reach
    if distance2 > reach2:
        wx, wy = vx - px / HORIZON, vy - py / HORIZON
        length2, along = wx * wx + wy * wy, wx * px + wy * py
        if along < 0 and along * along > reach2 * length2:  # nearest is the cut-off disc
            length = np.sqrt(length2)
            nx, ny = wx / length, wy / length
            push = 0.5 * (reach / HORIZON - length)
            return push * nx, push * ny, ny, -nx
        leg = np.sqrt(distance2 - reach2)
        if px * wy - py * wx > 0:
            dx, dy = (px * leg - py * reach) / distance2, (px * reach + py * leg) / distance2
        else:
            dx, dy = -(px * leg + py * reach) / distance2, -(py * leg - px * reach) / distance2
        on = vx * dx + vy * dy
        return 0.5 * (on * dx - vx), 0.5 * (on * dy - vy), dx, dy
    wx, wy = vx - px / STEP, vy - py / STEP  # they overlap: be apart after one step
    length = np.sqrt(wx * wx + wy * wy)
    nx, ny = (wx / length, wy / length) if length > _TINY else (1.0, 0.0)
    push = 0.5 * (reach / STEP - length)
    return push * nx, push * ny, ny, -nx


@njit(nogil=True)
def _on_line(lines, i, count, far, gx, gy, aim):  # type: ignore[no-untyped-def]
    """The best velocity on line i that `count` other lines and the disc of radius `far` allow.

    Best is nearest to (gx, gy), or with `aim` furthest in that direction.

    Returns:
        Whether there is one, and it.
    """
    qx, qy, dx, dy = lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3]
    middle = qx * dx + qy * dy
    room = middle * middle + far * far - qx * qx - qy * qy
    if room < 0:
        return False, 0.0, 0.0
    low, high = -middle - np.sqrt(room), -middle + np.sqrt(room)
    for j in range(count):
        cross = dx * lines[j, 3] - dy * lines[j, 2]
        gap = lines[j, 2] * (qy - lines[j, 1]) - lines[j, 3] * (qx - lines[j, 0])
        if abs(cross) < _TINY:
            if gap < 0:
                return False, 0.0, 0.0
            continue
        t = gap / cross
        if cross >= 0:
            high = min(high, t)
        else:
            low = max(low, t)
        if low > high:
            return False, 0.0, 0.0
    t = min(max(dx * (gx - qx) + dy * (gy - qy), low), high)
    if aim:
        t = high if gx * dx + gy * dy > 0 else low
    return True, qx + t * dx, qy + t * dy


@njit(nogil=True)
def _violation(lines, i, vx, vy):  # type: ignore[no-untyped-def]
    """How far a velocity lies on the wrong side of line i; negative where it is right."""
    return lines[i, 2] * (lines[i, 1] - vy) - lines[i, 3] * (lines[i, 0] - vx)


@njit(nogil=True)
def _allowed(lines, count, far, gx, gy, aim):  # type: ignore[no-untyped-def]
    """The best velocity under all lines, adding one after another; and the first line that cannot be met, or count."""
    length = np.sqrt(gx * gx + gy * gy)
    if aim:
        vx, vy = gx * far, gy * far
    elif length > far:
        vx, vy = gx / length * far, gy / length * far
    else:
        vx, vy = gx, gy
    for i in range(count):
        if _violation(lines, i, vx, vy) > 0:
            found, x, y = _on_line(lines, i, i, far, gx, gy, aim)
            if not found:
                return i, vx, vy
            vx, vy = x, y
    return count, vx, vy


@njit(nogil=True)
def _least_bad(lines, count, start, vx, vy):  # type: ignore[no-untyped-def]
    """The velocity whose worst violation is least, where not all lines can be met."""
    worst = 0.0
    between = np.empty((count, 4))
    for i in range(start, count):
        if _violation(lines, i, vx, vy) > worst:
            used = 0
            for j in range(i):
                cross = lines[i, 2] * lines[j, 3] - lines[i, 3] * lines[j, 2]
                if abs(cross) < _TINY:
                    if lines[i, 2] * lines[j, 2] + lines[i, 3] * lines[j, 3] > 0:
                        continue
                    between[used, 0] = 0.5 * (lines[i, 0] + lines[j, 0])
                    between[used, 1] = 0.5 * (lines[i, 1] + lines[j, 1])
                else:
                    gap = lines[j, 2] * (lines[i, 1] - lines[j, 1]) - lines[j, 3] * (lines[i, 0] - lines[j, 0])
                    between[used, 0] = lines[i, 0] + gap / cross * lines[i, 2]
                    between[used, 1] = lines[i, 1] + gap / cross * lines[i, 3]
                ex, ey = lines[j, 2] - lines[i, 2], lines[j, 3] - lines[i, 3]
                size = np.sqrt(ex * ex + ey * ey)
                between[used, 2], between[used, 3] = ex / size, ey / size
                used += 1
            met, x, y = _allowed(between, used, SPEED, -lines[i, 3], lines[i, 2], True)
            if met == used:
                vx, vy = x, y
            worst = _violation(lines, i, vx, vy)
    return vx, vy


@njit(nogil=True)
def walk(starts, goals, radius, first, every, frames):  # type: ignore[no-untyped-def]
    """Positions (scenes, agents, frames, 2) in metres.

    Args:
        starts: (scenes, agents, 2) in metres.
        goals: The same shape.
        radius: (scenes,) of the agents' discs, in metres.
        first: Integration steps before the first frame.
        every: Steps between frames.
        frames: How many.
    """
    scenes, agents = starts.shape[0], starts.shape[1]
    out = np.empty((scenes, agents, frames, 2))
    position, velocity = np.empty((agents, 2)), np.empty((agents, 2))
    chosen, lines = np.empty((agents, 2)), np.empty((agents, 4))
    for s in range(scenes):
        position[:] = starts[s]
        for a in range(agents):
            x, y = goals[s, a, 0] - position[a, 0], goals[s, a, 1] - position[a, 1]
            far = max(np.sqrt(x * x + y * y), _TINY)
            velocity[a, 0], velocity[a, 1] = SPEED * x / far, SPEED * y / far
        frame, step = 0, 0
        while True:
            if step >= first and (step - first) % every == 0:
                out[s, :, frame] = position
                frame += 1
                if frame == frames:
                    break
            for a in range(agents):
                count = 0
                for b in range(agents):
                    if b != a:
                        ux, uy, dx, dy = _line(
                            position[b, 0] - position[a, 0],
                            position[b, 1] - position[a, 1],
                            velocity[a, 0] - velocity[b, 0],
                            velocity[a, 1] - velocity[b, 1],
                            2 * radius[s],
                        )
                        lines[count, 0], lines[count, 1] = velocity[a, 0] + ux, velocity[a, 1] + uy
                        lines[count, 2], lines[count, 3] = dx, dy
                        count += 1
                x, y = goals[s, a, 0] - position[a, 0], goals[s, a, 1] - position[a, 1]
                far = np.sqrt(x * x + y * y)
                pace = min(SPEED, far / STEP) / max(far, _TINY)
                met, vx, vy = _allowed(lines, count, SPEED, pace * x, pace * y, False)
                if met < count:
                    vx, vy = _least_bad(lines, count, met, vx, vy)
                chosen[a, 0], chosen[a, 1] = vx, vy
            velocity[:] = chosen
            position += STEP * velocity
            step += 1
    return out
