"""What facilities cover: straight lines over a district, catchments on foot over a large network, best places.

``python benchmarks/services.py``. The peer is the usual way with GeoPandas: buffer, dissolve, overlay. It measures
without the scale of the projection and with coarse circles; its share is shown beside ours.
"""

import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from gridmap import crs
from gridmap.analysis.roads import road_network
from gridmap.analysis.service_coverage import service_coverage, straight_catchments
from gridmap.analysis.siting import cover_most
from gridmap.analysis.walking import walking_catchments, ways_on_foot

FACILITIES = 1_760
STREETS = 158
EPSG = 4549


def timed(name: str, job: Callable[[], object], note: Callable[[object], str] = lambda found: "") -> object:
    """Run a job once and print its wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = job()
    print(f"{name:<56} {time.perf_counter() - wall:7.2f} s   {time.process_time() - cpu:7.2f} s CPU   {note(found)}")
    return found


def main() -> None:
    """Print all figures."""
    folder = Path(__file__).resolve().parents[1] / "data" / "boundaries"
    grids = gpd.read_file(folder / "grids.geojson")
    rng = np.random.default_rng(1)
    centres = shapely.get_coordinates(shapely.centroid(crs.to_metric(grids.geometry.array, EPSG)))
    posts = centres[rng.integers(0, len(centres), FACILITIES)] + rng.normal(0, 150, (FACILITIES, 2))
    degrees = crs.from_metric(shapely.points(posts), EPSG)
    facilities = gpd.GeoDataFrame({"state": ["open"] * FACILITIES}, geometry=degrees, crs=crs.WGS84)

    def straight() -> object:
        return service_coverage(grids, straight_catchments(facilities, epsg=EPSG))

    def peer() -> float:
        ground, round_ = grids.to_crs(EPSG), facilities.to_crs(EPSG)
        zone = gpd.GeoDataFrame(geometry=[round_.buffer(300).union_all()], crs=ground.crs)
        covered = gpd.overlay(ground, zone, how="intersection").area.sum()
        return float(covered / ground.area.sum())

    straight()  # the first call builds what Shapely and PROJ keep
    share = "area_share"
    timed(f"{FACILITIES:,} facilities, {len(grids):,} grids, 300 m", straight, lambda f: f"{f.summary[share]:.4f}")
    timed("  the same with geopandas: buffer, union, overlay", peer, lambda found: f"{found:.4f}")

    ticks = np.arange(STREETS) * 100.0
    net = np.stack(np.meshgrid(ticks, ticks), axis=-1) + rng.normal(0, 15, (STREETS, STREETS, 2))
    net += crs.point_to_metric(120.0, 36.0, EPSG)
    lines = [shapely.LineString(part) for part in (*net, *net.swapaxes(0, 1))]
    roads = gpd.GeoDataFrame(geometry=crs.from_metric(np.array(lines, dtype=object), EPSG), crs=crs.WGS84)
    network = timed(
        "a network of streets, noded", lambda: road_network(roads, epsg=EPSG), lambda n: f"{len(n):,} edges"
    )
    places = net.reshape(-1, 2)[rng.integers(0, STREETS**2, 300)]
    posts_there = gpd.GeoDataFrame(
        {"state": ["open"] * 300}, geometry=crs.from_metric(shapely.points(places), EPSG), crs=crs.WGS84
    )
    walked = timed("15 minutes on foot from 300 facilities", lambda: walking_catchments(posts_there, network))
    timed("  their ground as one shape", walked.ground, lambda ground: f"{ground.area / 1e6:.1f} km2")

    homes_at = shapely.points(net.reshape(-1, 2)[rng.integers(0, STREETS**2, 1_333)])
    ways = timed(
        "ways on foot between 1,333 places, 15 minutes at most",
        lambda: ways_on_foot(network, homes_at, homes_at, limit_m=1_200.0),
        lambda found: f"{int(np.isfinite(found).sum()):,} ways",
    )
    timed(
        "  20 posts for them within 15 minutes",
        lambda: cover_most(np.ones(len(ways)), ways, 20, within_m=1_200.0),
        lambda found: f"{found.served / found.demand:.4f} of them, proven {found.proven}",
    )

    away = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    homes = grids["households"].to_numpy(dtype=float)
    old = np.hypot(*(centres[:, None] - posts[None, :40]).transpose(2, 0, 1))
    timed(
        "20 more posts for 1,333 grids within 500 m",
        lambda: cover_most(homes, away, 20, within_m=500, existing_m=old),
        lambda found: f"{found.served / found.demand:.4f} of households, proven {found.proven}",
    )


if __name__ == "__main__":
    main()
