"""A stand-in for optical coherence tomography: drawn retinas, healthy or with one of three diseases."""

from __future__ import annotations

import numpy as np

from kzoo.data.images.image_set import Split
from kzoo.data.standins.fields import balanced_labels, smooth_curves, smooth_noise, to_uint8, uniform

CLASS_NAMES = ("choroidal neovascularization", "diabetic macular edema", "drusen", "normal")
NEOVASCULAR, OEDEMA, DRUSEN, NORMAL = range(4)

DEFAULT_SIZES = (4000, 600, 600)
SIZE = 28
LAYERS = np.interp(
    np.linspace(0, 1, 65),
    [0.0, 0.15, 0.25, 0.40, 0.50, 0.58, 0.80, 0.86, 1.0],
    [0.70, 0.65, 0.42, 0.50, 0.28, 0.36, 0.22, 0.50, 0.55],
).astype(np.float32)
"""The brightness of the layers from the inner surface of the retina (0) to the pigment epithelium (1)."""


def draw(count: int, seed: int) -> Split:
    """Draw `count` scans `(count, 28, 28, 1)`. Equal counts and seeds give equal pixels."""
    rng = np.random.default_rng(seed)
    labels = balanced_labels(rng, count, len(CLASS_NAMES))
    membrane, raised, inner = _surfaces(rng, labels)
    scans = _tissue(rng, labels, membrane, raised, inner)
    _dig_cysts(rng, scans, np.flatnonzero(labels == OEDEMA), inner, raised)
    return Split(to_uint8(_expose(rng, scans))[..., None], labels)


def _bump(
    rng: np.random.Generator, count: int, height: tuple[float, float], width: tuple[float, float]
) -> np.ndarray:
    """Draw a rounded bump at a random column of each scan, `(count, 28)` pixels: `h / (1 + (x / w)^2)^2`."""
    x = np.arange(SIZE, dtype=np.float32)
    centre = uniform(rng, 4, SIZE - 5, (count, 1))
    span = uniform(rng, *width, (count, 1))
    return uniform(rng, *height, (count, 1)) / (1 + ((x - centre) / span) ** 2) ** 2


def _surfaces(rng: np.random.Generator, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the rows `(count, 28)` of Bruch's membrane, the pigment epithelium and the inner surface."""
    count = len(labels)
    x = np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2
    tilt, bend = uniform(rng, -0.1, 0.1, (count, 1)), uniform(rng, -0.004, 0.010, (count, 1))
    membrane = uniform(rng, 17.0, 20.0, (count, 1)) + tilt * x + bend * x**2

    disease = labels[:, None]
    druse = sum(_bump(rng, count, (0.6, 2.4), (1.0, 2.0)) for _ in range(4))
    dome = _bump(rng, count, (3.0, 7.0), (4.0, 8.0))
    ripple = np.abs(smooth_curves(rng, count, 9, SIZE)) * 0.4
    lift = np.where(disease == DRUSEN, druse, 0) + np.where(disease == NEOVASCULAR, dome, 0)
    raised = membrane - ripple - lift

    pit = _bump(rng, count, (0.0, 3.5), (4.0, 7.0))
    swelling = uniform(rng, 0.0, 2.5, (count, 1)) + _bump(rng, count, (0.0, 2.5), (6.0, 10.0))
    thickness = uniform(rng, 7.0, 10.0, (count, 1)) - pit + np.where(disease == OEDEMA, swelling, 0)
    # The inner surface follows the raised pigment epithelium only in part.
    wave = 0.4 * smooth_curves(rng, count, 6, SIZE)
    inner = 0.4 * membrane + 0.6 * raised - np.maximum(thickness, 4) + wave
    return membrane, raised, inner


def _tissue(
    rng: np.random.Generator, labels: np.ndarray, membrane: np.ndarray, raised: np.ndarray, inner: np.ndarray
) -> np.ndarray:
    """Return the brightness `(count, 28, 28)` of vitreous, retina, pigment epithelium, lesion and choroid."""
    count = len(labels)
    y = np.arange(SIZE, dtype=np.float32)[:, None]
    membrane, raised, inner = (surface[:, None, :] for surface in (membrane, raised, inner))
    mottle = smooth_noise(rng, count, (10, 10), (SIZE, SIZE))

    depth = (y - inner) / np.maximum(raised - inner, 1)
    layers = LAYERS[np.clip(depth * 64, 0, 64).astype(np.int32)]
    choroid = np.clip(0.55 - 0.045 * (y - membrane), 0.08, 1) * (1 + 0.4 * mottle)
    lesion = np.where(labels[:, None, None] == NEOVASCULAR, 0.6 + 0.3 * mottle, 0.38 + 0.1 * mottle)
    scans = np.where(y < inner, np.float32(0.07), layers)
    scans = np.where(y > raised, lesion, scans)
    scans = np.where(y > membrane, choroid, scans)

    broken = np.where(labels == NEOVASCULAR, 0.35, 0.1)[:, None, None].astype(np.float32)
    gaps = np.clip(1 - broken * (1 + smooth_curves(rng, count, 10, SIZE)[:, None, :]), 0, 1)
    epithelium = np.clip(1.5 - np.abs(y - raised), 0, 1) * gaps
    return scans + epithelium * (0.95 - scans)


def _dig_cysts(
    rng: np.random.Generator, scans: np.ndarray, rows: np.ndarray, inner: np.ndarray, raised: np.ndarray
) -> None:
    """Darken one to four fluid-filled ellipses in the retina of each of the scans `rows`, in place."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    count = len(rows)
    number = rng.integers(1, 5, (count, 1, 1))
    for cyst in range(4):
        column = rng.integers(4, SIZE - 4, count)
        depth = uniform(rng, 0.3, 0.7, (count,))
        top, bottom = inner[rows, column], raised[rows, column]
        centre_y = (top + depth * (bottom - top))[:, None, None]
        radius_y, radius_x = uniform(rng, 0.9, 2.0, (count, 1, 1)), uniform(rng, 1.0, 2.8, (count, 1, 1))
        distance = ((y - centre_y) / radius_y) ** 2 + ((x - column[:, None, None]) / radius_x) ** 2
        fluid = np.clip(1.6 - distance, 0, 1) * (cyst < number)
        scans[rows] *= 1 - 0.75 * fluid


def _expose(rng: np.random.Generator, scans: np.ndarray) -> np.ndarray:
    """Return the scans with vessel shadows, random gain, multiplicative speckle and additive noise."""
    count = len(scans)
    shadows = 1 - 0.25 * np.abs(smooth_curves(rng, count, 14, SIZE))[:, None, :]
    gain = uniform(rng, 0.8, 1.2, (count, 1, 1))
    speckle = rng.random(scans.shape, dtype=np.float32) + rng.random(scans.shape, dtype=np.float32)
    contrast = uniform(rng, 0.3, 0.8, (count, 1, 1))
    floor = uniform(rng, 0, 0.12, scans.shape)
    return scans * shadows * gain * (1 + contrast * (speckle - 1)) + floor
