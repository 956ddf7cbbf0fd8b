"""A small locator in numpy, right as it stands, into which the faults of fast locators can be planted.

It works as such engines do: a raster of cells, pure ones with the grids that hold them, border ones with the edges that
cross them; from a border cell a walk to the east, counting the edges of each grid, up to the next pure cell.
"""

import geopandas as gpd
import numpy as np
from exact import Exact, sides

#: What can be planted, and what it is.
FAULTS = {
    "epsilon": "a point within a billionth of an edge counts as on it",
    "rounded": "the side of an edge from one rounded sum",
    "order": "ties resolved by the order of rows, not of codes",
    "closed": "a vertex level with the point counts for both of its edges",
    "open": "a vertex level with the point counts for neither of its edges",
    "label": "one pure cell holds the wrong grids",
    "early": "the walk stops one cell early",
    "lost": "an edge is missing from a cell that it crosses",
    "border": "points on a border are outside",
}


class Planted:
    """Answers like ``Locator.owners``; ``fault`` is one of ``FAULTS``, or nothing for the right answers."""

    def __init__(self, frame: gpd.GeoDataFrame, fault: str | None = None, *, side: int = 24) -> None:
        self.fault, self.side = fault, side
        exact = Exact.of(frame)
        self.codes, self.edges, self.grid_of = exact.codes, exact.edges, exact.grid_of
        rows = frame["code"].tolist()
        self.rank = [rows.index(code) for code in self.codes] if fault == "order" else list(range(len(rows)))
        self.low = np.array([exact.west.min(), exact.south.min()])
        self.high = np.array([exact.east.max(), exact.north.max()])
        self.wide = np.maximum(self.high - self.low, 1e-300)
        self.crossing: list[list[int]] = [[] for _ in range(side * side)]
        for number, edge in enumerate(self.edges):
            self._enter(number, edge)
        pure = [i for i, c in enumerate(self.crossing) if not c]
        centre = self.low + (np.array([divmod(i, side)[::-1] for i in pure]).reshape(-1, 2) + 0.5) / side * self.wide
        self.held: dict[int, set[int]] = {i: set() for i in pure}
        for point, grid, _ in zip(*exact.places(*centre.T), strict=True):
            self.held[pure[point]].add(int(grid))
        if fault == "label" and pure:
            cell = pure[len(pure) // 2]
            self.held[cell] = self.held[cell] ^ {0}

    def _number(self, value: np.ndarray, axis: int) -> np.ndarray:
        share = (value - self.low[axis]) / self.wide[axis] * self.side
        return np.clip(np.floor(share), 0, self.side - 1).astype(int)

    def _enter(self, number: int, edge: np.ndarray) -> None:
        """Enter an edge into every cell that it crosses or passes by a hundredth of a cell."""
        (x0, y0), (x1, y1) = sorted([tuple(edge[:2]), tuple(edge[2:])], key=lambda p: p[1])
        first, last = self._number(np.array([y0, y1]), 1)
        for row in range(first, last + 1):
            edge_y = self.low[1] + np.array([row - 0.01, row + 1.01]) / self.side * self.wide[1]
            with np.errstate(over="ignore"):
                share = np.clip((edge_y - y0) / (y1 - y0), 0, 1) if y1 > y0 else np.array([0.0, 1.0])
            margin = np.array([-0.01, 0.01]) / self.side * self.wide[0]
            west, east = self._number(np.sort(x0 + share * (x1 - x0)) + margin, 0)
            for column in range(west, east + 1):
                if self.fault != "lost" or number % 7 or column != (west + east) // 2:
                    self.crossing[row * self.side + column].append(number)

    def owners(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The owner of each point, -1 where there is none."""
        beyond = (x < self.low[0]) | (y < self.low[1]) | (x > self.high[0]) | (y > self.high[1])
        row, column = self._number(y, 1).tolist(), self._number(x, 0).tolist()
        return np.array(
            [-1 if out else self._owner(*p) for out, *p in zip(beyond, x, y, row, column, strict=True)], dtype=int
        )

    def _owner(self, x: float, y: float, row: int, column: int) -> int:
        start, end = row * self.side, row * self.side + self.side
        met: set[int] = set()
        cell, held = start + column, set()
        while cell < end:
            if cell in self.held:
                held = self.held[cell]
                break
            if self.fault == "early" and met and cell + 1 in self.held and cell + 1 < end:
                held = self.held[cell + 1]
                break
            met.update(self.crossing[cell])
            cell += 1
        return self._decide(x, y, np.fromiter(met, dtype=int), held)

    def _decide(self, x: float, y: float, met: np.ndarray, held: set[int]) -> int:
        edges = self.edges[met]
        (x0, y0, x1, y1), n = edges.T, len(met)
        slack = 1e-9 if self.fault == "epsilon" else 0.0
        box = (np.minimum(x0, x1) - slack <= x) & (x <= np.maximum(x0, x1) + slack)
        box &= (np.minimum(y0, y1) - slack <= y) & (y <= np.maximum(y0, y1) + slack)
        turn = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        side = np.sign(turn) if self.fault == "rounded" else sides(edges, np.full(n, x), np.full(n, y))
        if slack:
            side = np.where(np.abs(turn) <= slack * np.hypot(x1 - x0, y1 - y0), 0, side)
        low, high = np.minimum(y0, y1), np.maximum(y0, y1)
        level = (low <= y) & (y < high)
        if self.fault == "closed":
            level = (low <= y) & (y <= high) & (low < high)
        if self.fault == "open":
            level = (low < y) & (y < high)
        crossed = level & (side == np.where(y1 > y0, 1, -1)) & ~(box & (side == 0))
        grids, times = np.unique(self.grid_of[met[crossed]], return_counts=True)
        holders = held ^ set(grids[times % 2 == 1].tolist())
        on_border = set(self.grid_of[met[box & (side == 0)]].tolist())
        holders = holders - on_border if self.fault == "border" else holders | on_border
        return min(holders, key=self.rank.__getitem__, default=-1)
