"""The search for a division, step by step: one unit goes over a border, or two neighbours are recombined.

To recombine two grids, a random spanning tree is drawn through the units of both; each of its edges, cut, parts them
into two connected halves. All those halves are weighed exactly from sums over subtrees, and the best of them, with
some noise, takes the place of the two grids if it is good enough (simulated annealing). That is the step of ReCom
(DeFord, Duchin, Solomon 2021), which draws trees until one has a balanced cut; here every cut of every tree is looked
at.

Loops for Numba: no checks, no allocation per step but the arrays named; they hold no lock.
"""

import numpy as np
from numba import njit

#: Weights of the objective: out of bounds, squared deviation, worst deviation, changed hands, length of borders.
BREACH, SQUARE, WORST, MOVED, CUT = range(5)

#: Of so many steps one recombines two grids; the others move one unit.
_RECOMBINE = 0.12
#: What being out of bounds counts by itself, as if it were by so much of the mean.
_OUT = 0.005


@njit(cache=True, nogil=True)
def _random(rng):
    """Draw from [0, 1): xorshift64*."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True, error_model="numpy")
def _cost(load, low, high, mean, c):
    """Give what one grid adds to the objective, but for the worst deviation."""
    over = max(load - high, low - load, 0.0) / mean
    if over > 0.0:
        # a little out of bounds is out of bounds
        over += _OUT
    off = (load - mean) / mean
    return c[BREACH] * over + c[SQUARE] * off * off


@njit(cache=True, nogil=True, error_model="numpy")
def _worst_of_others(load, mean, a, b):
    worst = 0.0
    for g in range(len(load)):
        if g != a and g != b:
            worst = max(worst, abs(load[g] - mean) / mean)
    return worst


@njit(cache=True, nogil=True, error_model="numpy")
def energy(start, near, length, weight, stays, today, part, load, low, high, mean, c):
    """Give the objective of a division as a whole; small is good."""
    total, worst = 0.0, 0.0
    for g in range(len(load)):
        total += _cost(load[g], low, high, mean, c)
        worst = max(worst, abs(load[g] - mean) / mean)
    moved, cut = 0.0, 0.0
    for u in range(len(part)):
        if part[u] != today[u]:
            moved += stays[u]
        for e in range(start[u], start[u + 1]):
            if near[e] > u and part[near[e]] != part[u]:
                cut += length[e]
    return total + c[WORST] * worst + c[MOVED] * moved + c[CUT] * cut


@njit(cache=True, nogil=True, error_model="numpy")
def _stays_whole(start, near, part, u, stack, seen, stamp):
    """Tell whether the grid of a unit stays connected, and there, without it."""
    a = part[u]
    first, others = -1, 0
    for e in range(start[u], start[u + 1]):
        if part[near[e]] == a:
            others += 1
            first = near[e]
    if others == 0:
        return False
    if others == 1:
        return True
    seen[u] = stamp
    seen[first] = stamp
    stack[0] = first
    n, found = 1, 0
    while n:
        n -= 1
        v = stack[n]
        for e in range(start[u], start[u + 1]):
            if near[e] == v:
                found += 1
        if found == others:
            return True
        for e in range(start[v], start[v + 1]):
            w = near[e]
            if part[w] == a and seen[w] != stamp:
                seen[w] = stamp
                stack[n] = w
                n += 1
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def recombine(
    start, near, length, weight, stays, today, part, load, low, high, mean, c, u, a, b, heat, rng, place, forced
):
    """Draw a tree through the units of two neighbours and part them anew; give the change of the objective.

    ``b`` may have no unit yet: then ``a`` is split. ``forced``: take the best cut whatever it costs. ``place`` is an
    array of -1 for each unit, and is left so. Where nothing was changed the answer is 0.
    """
    members = np.empty(len(part), np.int32)
    members[0] = u
    place[u] = 0
    m, at = 1, 0
    while at < m:
        v = members[at]
        at += 1
        for e in range(start[v], start[v + 1]):
            w = near[e]
            if place[w] < 0 and (part[w] == a or part[w] == b):
                place[w] = m
                members[m] = w
                m += 1
    edges = 0
    for i in range(m):
        v = members[i]
        for e in range(start[v], start[v + 1]):
            edges += near[e] > v and place[near[e]] >= 0
    if m < 2:
        place[u] = -1
        return 0.0
    one, two = np.empty(edges, np.int32), np.empty(edges, np.int32)
    metres, key = np.empty(edges), np.empty(edges)
    # a tree that keeps to today's grids has cuts along today's borders
    keep = c[MOVED] > 0.0 and _random(rng) < 0.5
    n = 0
    cut_now, moved_now = 0.0, 0.0
    for i in range(m):
        v = members[i]
        if part[v] != today[v]:
            moved_now += stays[v]
        for e in range(start[v], start[v + 1]):
            w = near[e]
            if w > v and place[w] >= 0:
                one[n], two[n], metres[n] = i, place[w], length[e]
                key[n] = _random(rng)
                if keep and today[v] != today[w]:
                    key[n] += 1.0
                if part[v] != part[w]:
                    cut_now += length[e]
                n += 1
    root = np.arange(m)
    degree = np.zeros(m + 1, np.int32)
    taken = np.empty(m - 1, np.int32)
    n = 0
    for e in np.argsort(key):
        x, y = one[e], two[e]
        while root[x] != x:
            root[x] = root[root[x]]
            x = root[x]
        while root[y] != y:
            root[y] = root[root[y]]
            y = root[y]
        if x != y:
            root[x] = y
            taken[n] = e
            n += 1
            degree[one[e] + 1] += 1
            degree[two[e] + 1] += 1
            if n == m - 1:
                break
    for i in range(m):
        degree[i + 1] += degree[i]
    branch, fill = np.empty(2 * n, np.int32), degree[:-1].copy()
    for t in range(n):
        x, y = one[taken[t]], two[taken[t]]
        branch[fill[x]] = y
        fill[x] += 1
        branch[fill[y]] = x
        fill[y] += 1
    order, above, depth = np.empty(m, np.int32), np.full(m, -1, np.int32), np.zeros(m, np.int32)
    order[0] = 0
    n = 1
    for i in range(m):
        x = order[i]
        for t in range(degree[x], degree[x + 1]):
            y = branch[t]
            if y != above[x]:
                above[y], depth[y] = x, depth[x] + 1
                order[n] = y
                n += 1
    # sums over subtrees: weight, what stays if it is given to a or to b, and the border around
    heavy, in_a, in_b, around = np.zeros(m), np.zeros(m), np.zeros(m), np.zeros(m)
    whole, all_a, all_b, everything = 0.0, 0.0, 0.0, 0.0
    for i in range(m):
        v = members[i]
        heavy[i] = weight[v]
        whole += weight[v]
        everything += stays[v]
        if today[v] == a:
            in_a[i] = stays[v]
            all_a += stays[v]
        elif today[v] == b:
            in_b[i] = stays[v]
            all_b += stays[v]
    for e in range(edges):
        x, y = one[e], two[e]
        around[x] += metres[e]
        around[y] += metres[e]
        while x != y:
            if depth[x] < depth[y]:
                y = above[y]
            else:
                x = above[x]
        around[x] -= 2.0 * metres[e]
    for i in range(m - 1, 0, -1):
        x = order[i]
        p = above[x]
        heavy[p] += heavy[x]
        in_a[p] += in_a[x]
        in_b[p] += in_b[x]
        around[p] += around[x]
    others = _worst_of_others(load, mean, a, b)
    best, best_noisy, which, to_a = np.inf, np.inf, 0, True
    for i in range(1, m):
        x = order[i]
        for side in range(2):
            if side == 0:
                mine, rest = heavy[x], whole - heavy[x]
                moved = everything - in_a[x] - (all_b - in_b[x])
            else:
                rest, mine = heavy[x], whole - heavy[x]
                moved = everything - in_b[x] - (all_a - in_a[x])
            worst = max(others, abs(mine - mean) / mean, abs(rest - mean) / mean)
            value = _cost(mine, low, high, mean, c) + _cost(rest, low, high, mean, c)
            value += c[WORST] * worst + c[MOVED] * moved + c[CUT] * around[x]
            noisy = value
            if heat > 0.0:
                noisy += heat * np.log(-np.log(max(_random(rng), 1e-300)) + 1e-300)
            if noisy < best_noisy:
                best, best_noisy, which, to_a = value, noisy, x, side == 0
    now = _cost(load[a], low, high, mean, c) + _cost(load[b], low, high, mean, c)
    now += c[WORST] * max(others, abs(load[a] - mean) / mean, abs(load[b] - mean) / mean)
    now += c[MOVED] * moved_now + c[CUT] * cut_now
    change = best - now
    if forced or change <= 0.0 or (heat > 0.0 and _random(rng) < np.exp(-change / heat)):
        inside = np.zeros(m, np.bool_)
        inside[which] = True
        for i in range(1, m):
            x = order[i]
            if inside[above[x]]:
                inside[x] = True
        load[a] = 0.0
        load[b] = 0.0
        for i in range(m):
            v = members[i]
            part[v] = a if inside[i] == to_a else b
            load[part[v]] += weight[v]
    else:
        change = 0.0
    for i in range(m):
        place[members[i]] = -1
    return change


@njit(cache=True, nogil=True, error_model="numpy")
def anneal(
    start, near, length, weight, stays, today, part, load, low, high, mean, c, hot, cold, first, last, steps, rng,
    best, state,
):  # fmt: skip
    """Go some steps of a search, ``first`` to ``last`` of ``steps``.

    ``part`` and ``load`` are the division as it is, ``best`` the best one so far; ``state`` their objectives.
    """
    n = len(part)
    place = np.full(n, -1, np.int32)
    seen, stack = np.full(n, -1, np.int64), np.empty(n, np.int32)
    for step in range(first, last):
        heat = hot * (cold / hot) ** (step / steps)
        u = min(n - 1, int(_random(rng) * n))
        others = 0
        for e in range(start[u], start[u + 1]):
            others += part[near[e]] != part[u]
        if others == 0:
            continue
        pick, v = int(_random(rng) * others), -1
        for e in range(start[u], start[u + 1]):
            if part[near[e]] != part[u]:
                if pick == 0:
                    v = near[e]
                pick -= 1
        # one type wherever they come from: each other one would be compiled by itself
        a, b = np.int64(part[u]), np.int64(part[v])
        if _random(rng) < _RECOMBINE:
            state[0] += recombine(
                start, near, length, weight, stays, today, part, load, low, high, mean, c, u, a, b, heat, rng, place,
                False,
            )  # fmt: skip
        else:
            less, more = load[a] - weight[u], load[b] + weight[u]
            change = _cost(less, low, high, mean, c) + _cost(more, low, high, mean, c)
            change -= _cost(load[a], low, high, mean, c) + _cost(load[b], low, high, mean, c)
            if c[WORST] > 0.0:
                rest = _worst_of_others(load, mean, a, b)
                after = max(rest, abs(less - mean) / mean, abs(more - mean) / mean)
                before = max(rest, abs(load[a] - mean) / mean, abs(load[b] - mean) / mean)
                change += c[WORST] * (after - before)
            if today[u] == a:
                change += c[MOVED] * stays[u]
            elif today[u] == b:
                change -= c[MOVED] * stays[u]
            for e in range(start[u], start[u + 1]):
                if part[near[e]] == a:
                    change += c[CUT] * length[e]
                elif part[near[e]] == b:
                    change -= c[CUT] * length[e]
            if change > 0.0 and _random(rng) >= np.exp(-change / heat):
                continue
            if not _stays_whole(start, near, part, u, stack, seen, step):
                continue
            part[u] = b
            load[a], load[b] = less, more
            state[0] += change
        if state[0] < state[1] - 1e-12:
            state[1] = state[0]
            best[:] = part
