"""Where tiles lie: WebMercatorQuad, and the same halving of the world in degrees of CGCS2000.

In both a tile matrix ``z`` is 2**z tiles wide and spans 360 degrees, so a place has one position in the *world*, a
square of side 1 with its origin in the north-west, and is found in any matrix by a power of two.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Pixels along a tile, as scale denominators count them.
_TILE_PX = 256
#: Metres of a standard pixel (OGC 17-083r4, 6.1.1).
_PIXEL_M = 0.00028
#: Equatorial radius, metres: WGS 84, CGCS2000 and Web Mercator have the same.
_RADIUS_M = 6_378_137.0
_DEGREE_M = math.pi * _RADIUS_M / 180
#: Where the square of Web Mercator ends, degrees.
_MERCATOR_LAT = 85.0511287798066


@dataclass(frozen=True, slots=True)
class TileMatrixSet:
    """One way of cutting the world into tiles.

    ``first`` and ``last`` are its matrices: their ids are these numbers as text. ``tall``: height of the world as a
    share of its width.
    """

    id: str
    title: str
    uri: str | None
    crs: str
    axes: tuple[str, str]
    mercator: bool
    first: int
    last: int
    tall: float

    def to_world(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Bring degrees to the world: x eastwards, y southwards, both 0 in the north-west."""
        x = (np.asarray(lon, dtype=np.float64) + 180.0) / 360.0
        y = np.asarray(lat, dtype=np.float64)
        if not self.mercator:
            return x, (90.0 - y) / 360.0
        sine = np.sin(np.radians(np.clip(y, -_MERCATOR_LAT, _MERCATOR_LAT)))
        return x, 0.5 - np.arctanh(sine) / (2 * math.pi)

    def to_degrees(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Bring the world back to degrees."""
        lon = np.asarray(x, dtype=np.float64) * 360.0 - 180.0
        down = np.asarray(y, dtype=np.float64)
        if not self.mercator:
            return lon, 90.0 - down * 360.0
        return lon, np.degrees(np.arctan(np.sinh((0.5 - down) * 2 * math.pi)))

    def columns(self, z: int) -> int:
        """Give the tiles along a row of a matrix."""
        return 1 << z

    def rows(self, z: int) -> int:
        """Give the rows of a matrix."""
        return max(1, round((1 << z) * self.tall))

    def holds(self, z: int, row: int, column: int) -> bool:
        """Tell whether there is such a tile."""
        return self.first <= z <= self.last and 0 <= row < self.rows(z) and 0 <= column < self.columns(z)

    def box(self, z: int, row: int, column: int, *, widen: float = 0.0) -> tuple[float, float, float, float]:
        """Give west, south, east and north of a tile in degrees, widened on each side by a share of its width."""
        size = 1.0 / (1 << z)
        x0, x1 = (column - widen) * size, (column + 1 + widen) * size
        y0, y1 = max((row - widen) * size, 0.0), min((row + 1 + widen) * size, self.tall)
        (west, east), (north, south) = self.to_degrees([x0, x1], [y0, y1])
        return max(float(west), -180.0), float(south), min(float(east), 180.0), float(north)

    def limits(self, box: tuple[float, float, float, float], z: int) -> tuple[int, int, int, int]:
        """Give first row, last row, first column and last column of a matrix that touch a box in degrees."""
        xs, ys = self.to_world([box[0], box[2]], [box[3], box[1]])
        last_row, last_column = self.rows(z) - 1, self.columns(z) - 1
        rows = np.clip(np.floor(ys * (1 << z)).astype(np.int64), 0, last_row).tolist()
        columns = np.clip(np.floor(xs * (1 << z)).astype(np.int64), 0, last_column).tolist()
        return rows[0], rows[1], columns[0], columns[1]

    def definition(self) -> dict[str, Any]:
        """Describe it as JSON by OGC 17-083r4, 7.1 (requirement class ``json-tilematrixset``)."""
        unit_m = 1.0 if self.mercator else _DEGREE_M
        width = 2 * math.pi * _RADIUS_M if self.mercator else 360.0
        origin = [-width / 2, width / 2] if self.mercator else [90.0, -180.0]
        matrices = []
        for z in range(self.first, self.last + 1):
            cell = width / (_TILE_PX << z)
            matrices.append(
                {
                    "id": str(z),
                    "scaleDenominator": cell * unit_m / _PIXEL_M,
                    "cellSize": cell,
                    "cornerOfOrigin": "topLeft",
                    "pointOfOrigin": origin,
                    "tileWidth": _TILE_PX,
                    "tileHeight": _TILE_PX,
                    "matrixWidth": self.columns(z),
                    "matrixHeight": self.rows(z),
                }
            )
        found: dict[str, Any] = {"id": self.id, "title": self.title}
        if self.uri is not None:
            found["uri"] = self.uri
        return found | {"crs": self.crs, "orderedAxes": list(self.axes), "tileMatrices": matrices}


WEB_MERCATOR = TileMatrixSet(
    "WebMercatorQuad",
    "Google Maps Compatible for the World",
    "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
    "http://www.opengis.net/def/crs/EPSG/0/3857",
    ("X", "Y"),
    mercator=True,
    first=0,
    last=24,
    tall=1.0,
)
#: The matrices of the national map service's layers in degrees (``c``), by their numbers: number 1 has two tiles.
CGCS2000 = TileMatrixSet(
    "CGCS2000Quad",
    "CGCS2000 degrees, halved from two tiles, numbered as the national map service does",
    None,
    "http://www.opengis.net/def/crs/EPSG/0/4490",
    ("Lat", "Lon"),
    mercator=False,
    first=1,
    last=18,
    tall=0.5,
)
MATRIX_SETS = {found.id: found for found in (WEB_MERCATOR, CGCS2000)}
