"""How sets of captioned images lie in a folder: captions in Karpathy's JSON, beside a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kzoo.data.captions.caption_set import CaptionSplit
from kzoo.data.captions.karpathy import read_karpathy
from kzoo.data.row_filter import DroppedRows

IMAGE_FOLDERS = ("images", "imgs", "Images", "RSICD_images", "Flicker8k_Dataset", "Flickr8k_Dataset")
"""What the folder of images is called in the releases; without one the images lie beside the JSON."""

OWN_FILE = "dataset.json"
"""What the JSON file in a user's own folder is called."""


@dataclass(frozen=True)
class KarpathyFolder:
    """A folder that holds the captions under the first of `names` that is there."""

    names: tuple[str, ...] = (OWN_FILE,)

    def found(self, folder: Path) -> list[Path]:
        """The JSON file; none if the set is not there."""
        return [path for name in self.names if (path := folder / name).is_file()][:1]

    def read(
        self, folder: Path, *, max_length: int | None, seed: int
    ) -> tuple[dict[str, CaptionSplit], DroppedRows]:
        """The splits by name, and what was left out; see `read_karpathy`, which raises DataError."""
        path = next(iter(self.found(folder)), folder / self.names[0])
        images = next((inner for name in IMAGE_FOLDERS if (inner := folder / name).is_dir()), folder)
        return read_karpathy(path, images, max_length=max_length, seed=seed)


CAPTION_LAYOUTS: dict[str, tuple[KarpathyFolder, ...]] = {
    "sydney-captions": (KarpathyFolder(),),
    "ucm-captions": (KarpathyFolder(),),
    "rsicd": (KarpathyFolder(("dataset_rsicd.json", "dataset.json")),),
    "flickr8k": (KarpathyFolder(("dataset_flickr8k.json", "dataset.json")),),
}
"""The layouts in which each published set is recognised."""
