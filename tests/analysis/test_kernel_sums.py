"""Both ways to sum kernels, against each other and against what a kernel must keep."""

import numpy as np
import pytest

from gridmap.analysis import kernel_sums as module
from gridmap.analysis.kernel_sums import FINE, kernel_mass, kernel_sums
from gridmap.analysis.lattice import Raster

RASTER = Raster(4549, 10.0, 50_000, 400_000, 90, 120)


def incidents(n: int, seed: int = 1, beyond_m: float = 250.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = 500_000 + draw.uniform(-beyond_m, 1_200 + beyond_m, n)
    y = 4_000_000 - draw.uniform(-beyond_m, 900 + beyond_m, n)
    return x, y, draw.uniform(0.5, 2.0, n)


@pytest.mark.parametrize("cells", [FINE, 25.0, 33.3])
def test_the_transform_gives_the_exact_sums(cells: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2, 500):
        some = incidents(n, seed=n)
        quick = kernel_sums(*some, RASTER, cells * 10.0)
        with monkeypatch.context() as patch:
            patch.setattr(module, "FINE", np.inf)
            exact = kernel_sums(*some, RASTER, cells * 10.0)
        # of single incidents, which is the worst case, also of those whose peak lies beyond the lattice
        peak = max(exact.max(), 3 / np.pi / (cells * 10.0) ** 2 * some[2].max())
        assert np.abs(quick - exact).max() <= 0.003 * peak
        assert (quick >= 0).all()


def test_below_the_bound_the_sums_are_exact_and_the_same_with_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x, y, weight = incidents(60)
    found = kernel_sums(x, y, weight, RASTER, 70.0)
    row, column = np.mgrid[:90, :120]
    cx, cy = RASTER.centre_x(column), RASTER.centre_y(row)
    wanted = np.zeros((90, 120))
    for px, py, w in zip(x, y, weight, strict=True):
        u2 = ((cx - px) ** 2 + (cy - py) ** 2) / 70.0**2
        wanted += w * np.where(u2 < 1, 3 / np.pi * (1 - u2) ** 2, 0) / 70.0**2
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    for cores in (1, 3):
        monkeypatch.setattr("gridmap.cpus.cores", lambda cores=cores: cores)
        assert (kernel_sums(x, y, weight, RASTER, 70.0) == found).all()


@pytest.mark.parametrize("bandwidth_m", [90.0, 200.0])
def test_inside_the_lattice_the_mass_is_the_weight(bandwidth_m: float) -> None:
    x, y, weight = incidents(400, beyond_m=-bandwidth_m)
    found = kernel_sums(x, y, weight, RASTER, bandwidth_m)
    assert found.sum() * 100.0 == pytest.approx(weight.sum(), rel=2e-3)


def test_no_incident_gives_nothing() -> None:
    for bandwidth_m in (50.0, 300.0):
        assert (kernel_sums(*incidents(0), RASTER, bandwidth_m) == 0).all()


def test_the_share_of_a_kernel_on_the_ground() -> None:
    ground = np.zeros((61, 61))
    ground[:, :31] = 1.0  # the border runs along the east side of column 30
    mass = kernel_mass(ground, 10.0, 100.0)
    assert mass[30, 10] == pytest.approx(1.0)
    assert mass[30, 30] + mass[30, 31] == pytest.approx(1.0)
    assert mass[30, 30] > 0.5 > mass[30, 31]
    assert mass[30, 45] == pytest.approx(0.0, abs=1e-9)
    # in a corner of the lattice only a quarter is ground
    assert kernel_mass(np.ones((61, 61)), 10.0, 100.0)[0, 0] == pytest.approx(0.25, abs=0.08)
    # smaller than a cell: the cell has all of it
    assert kernel_mass(np.ones((5, 5)), 10.0, 3.0) == pytest.approx(np.ones((5, 5)))
