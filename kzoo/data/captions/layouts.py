"""File layouts of sets of captioned images: captions in Karpathy's JSON beside a folder of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kzoo.data.captions.caption_set import CaptionSplit
from kzoo.data.captions.karpathy import read_karpathy
from kzoo.data.row_filter import DroppedRows

IMAGE_FOLDERS = ("images", "imgs", "Images", "RSICD_images", "Flicker8k_Dataset", "Flickr8k_Dataset")
"""The names of the image folder in the releases. If there is none, the images are beside the JSON file."""

OWN_FILE = "dataset.json"
"""The name of the JSON file in a user's own folder."""


@dataclass(frozen=True)
class KarpathyFolder:
    """A folder with a JSON file of captions. The first of `names` that exists is read."""

    names: tuple[str, ...] = (OWN_FILE,)

    def found(self, folder: Path) -> list[Path]:
        """Return the JSON file as a list, which is empty if there is none."""
        return [path for name in self.names if (path := folder / name).is_file()][:1]

    def read(
        self, folder: Path, *, max_length: int | None, seed: int
    ) -> tuple[dict[str, CaptionSplit], DroppedRows]:
        """Read the splits by name and the rows left out. Raises DataError as `read_karpathy` does."""
        path = next(iter(self.found(folder)), folder / self.names[0])
        images = next((inner for name in IMAGE_FOLDERS if (inner := folder / name).is_dir()), folder)
        return read_karpathy(path, images, max_length=max_length, seed=seed)


CAPTION_LAYOUTS: dict[str, tuple[KarpathyFolder, ...]] = {
    "sydney-captions": (KarpathyFolder(),),
    "ucm-captions": (KarpathyFolder(),),
    "rsicd": (KarpathyFolder(("dataset_rsicd.json", "dataset.json")),),
    "flickr8k": (KarpathyFolder(("dataset_flickr8k.json", "dataset.json")),),
}
"""The layouts of each published set."""
