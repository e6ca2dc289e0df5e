"""Cards of the published sets of captioned images. Their JSON files in Karpathy's layout give the splits."""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.card import SetCard

CAPTION_STAND_INS = ("captioned-scenes",)
"""The names of the stand-ins, which kzoo draws (`kzoo.data.standins.captioned_scenes`)."""


@dataclass(frozen=True, kw_only=True)
class CaptionSetCard(SetCard):
    """The published facts about a set of captioned images. `sizes` counts images.

    The vocabulary holds the words that occur at least `min_count` times in the training captions.
    `vocabulary_size` includes the special tokens. `longest_caption` is in words, without start and end.
    A field is None if no report gives its value.
    """

    stand_in: str = "captioned-scenes"
    min_count: int = 1
    vocabulary_size: int | None = None
    longest_caption: int | None = None


_BY_HAND = (
    "It cannot be downloaded by a program and no checksum is published: put {file} and the folder of images "
    "that it names ({folder}/) in place by hand."
)
_REMOTE_SENSING = "https://github.com/201528014227051/RSICD_optimal"

_CARDS = (
    CaptionSetCard(
        name="sydney-captions",
        title="Sydney-Captions: aerial images of seven kinds of place (Qu et al. 2016)",
        sizes={"train": 497, "validation": 58, "test": 58},
        licence="research use",
        homepage=_REMOTE_SENSING,
        note="R001's vocabulary of 190 is the 186 words of the training captions and four special tokens; "
        "its longest caption of 22 includes start and end. (The words that occur at least twice in all "
        "three splits are 186 as well, but not the same ones.) "
        + _BY_HAND.format(file="dataset.json", folder="images/ or imgs"),
        vocabulary_size=190,
        longest_caption=20,
    ),
    CaptionSetCard(
        name="ucm-captions",
        title="UCM-Captions: aerial images of the UC Merced land use set (Qu et al. 2016)",
        sizes={"train": 1_680, "validation": 210, "test": 210},
        licence="none stated",
        homepage=_REMOTE_SENSING,
        note=_BY_HAND.format(file="dataset.json", folder="images/ or imgs"),
    ),
    CaptionSetCard(
        name="rsicd",
        title="RSICD: aerial images of thirty kinds of place (Lu et al. 2017, arXiv 1712.07835)",
        sizes={"train": 8_734, "validation": 1_094, "test": 1_093},
        licence="none stated",
        homepage=_REMOTE_SENSING,
        note=_BY_HAND.format(file="dataset_rsicd.json", folder="RSICD_images"),
    ),
    CaptionSetCard(
        name="flickr8k",
        title="Flickr8k: photographs of people and animals (Hodosh et al. 2013), in Karpathy's splits",
        sizes={"train": 6_000, "validation": 1_000, "test": 1_000},
        licence="non-commercial research and education",
        homepage="https://cs.stanford.edu/people/karpathy/deepimagesent/",
        note="Words that occur fewer than five times in the training captions are unknown, as in Karpathy's "
        "NeuralTalk. " + _BY_HAND.format(file="dataset_flickr8k.json", folder="Flicker8k_Dataset/ or Images"),
        min_count=5,
    ),
)

CAPTION_SETS: dict[str, CaptionSetCard] = {card.name: card for card in _CARDS}
