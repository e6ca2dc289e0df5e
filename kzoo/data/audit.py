"""Check of the contents of a data set against what is published about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kzoo.data.captions.caption_set import CaptionSet, read_images
from kzoo.data.captions.cards import CAPTION_SETS
from kzoo.data.captions.load import holds_captions, load_caption_set
from kzoo.data.card import SetCard
from kzoo.data.checksums import checksum_like
from kzoo.data.data_set import DataSet
from kzoo.data.images.cards import IMAGE_SETS
from kzoo.data.images.image_set import ImageSet, Split
from kzoo.data.images.load import load_image_set
from kzoo.data.pairs.cards import PAIR_SETS
from kzoo.data.pairs.load import load_pair_set
from kzoo.data.pairs.own import SUFFIXES
from kzoo.data.pairs.pair_set import PairSet
from kzoo.data.search_path import files_of
from kzoo.data.speech.audio import decode_audio
from kzoo.data.speech.cards import SPEECH_SETS
from kzoo.data.speech.load import holds_speech, load_speech_set
from kzoo.data.speech.speech_set import SPEECH_VOCABULARY, SpeechSet
from kzoo.data.tokens import TokenKind

_OFFICIAL, _DIFFERS, _UNKNOWN = "official", "not the official file", "no published checksum"


@dataclass(frozen=True)
class FileCheck:
    """A file of a set. `state` is "official", "not the official file", or "no published checksum"."""

    path: str
    bytes: int
    checksum: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The contents of a data set. `differences` is empty if they agree with everything published."""

    name: str
    location: str
    sizes: dict[str, int]
    published_sizes: dict[str, int] | None
    sha256: str
    files: tuple[FileCheck, ...]
    differences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the audit as a dictionary of plain types."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ImageAudit(Audit):
    """The contents of an image set."""

    image_shape: tuple[int, int, int]
    class_counts: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class PairAudit(Audit):
    """The contents of a set of sequence pairs. Tuples hold the source value first, then the target value.

    `vocabulary_sizes` include the special tokens. `longest` are lengths in tokens. `left_out` says which rows
    were not used and why.
    """

    vocabulary_sizes: tuple[int, int]
    longest: tuple[int, int]
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaptionAudit(Audit):
    """The contents of a set of captioned images. The sizes are numbers of images.

    `vocabulary_size` includes the special tokens. `longest` is in words. `left_out` says which captions and
    images were not used and why.
    """

    captions: dict[str, int]
    vocabulary_size: int
    longest: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SpeechAudit(Audit):
    """The contents of a set of transcribed speech clips.

    `minutes` is the duration of each split. `rates` counts the clips of each sample rate. `longest_text` is
    in characters, `longest_clip` in seconds. `unknown` counts each character that is not one of R004's 31.
    `left_out` says which texts were not used and why.
    """

    minutes: dict[str, float]
    rates: dict[int, int]
    longest_text: int
    longest_clip: float
    unknown: dict[str, int]
    left_out: tuple[str, ...]


def audit(
    name_or_path: str,
    data_dir: Path | None = None,
    image_shape: tuple[int, int, int] | None = None,
    *,
    source_tokens: TokenKind | None = None,
    target_tokens: TokenKind | None = None,
) -> ImageAudit | PairAudit | CaptionAudit | SpeechAudit:
    """Read a whole data set and compare it with what is published about it.

    Args:
        name_or_path: as for `load_image_set`, `load_pair_set`, `load_caption_set` or `load_speech_set`. The
            files of a published set must be present; no stand-in is used.
        data_dir: as for `load_image_set`.
        image_shape: the shape to which photographs in the user's own folders are resized.
        source_tokens, target_tokens: the kinds of tokens in the user's own pairs.

    Raises:
        UsageError: the name is unknown.
        DataError: the set is not found, or one of its files is damaged.
    """
    if name_or_path in PAIR_SETS or Path(name_or_path).suffix.lower() in SUFFIXES:
        pair_set = load_pair_set(
            name_or_path,
            data_dir=data_dir,
            require_data=name_or_path in PAIR_SETS,
            source_tokens=source_tokens,
            target_tokens=target_tokens,
        )
        return _audit_pairs(pair_set, name_or_path)
    if name_or_path in CAPTION_SETS or holds_captions(Path(name_or_path)):
        is_published = name_or_path in CAPTION_SETS
        caption_set = load_caption_set(name_or_path, data_dir=data_dir, require_data=is_published)
        return _audit_captions(caption_set, name_or_path)
    if name_or_path in SPEECH_SETS or holds_speech(Path(name_or_path)):
        is_published = name_or_path in SPEECH_SETS
        speech_set = load_speech_set(name_or_path, data_dir=data_dir, require_data=is_published)
        return _audit_speech(speech_set, name_or_path)
    card = IMAGE_SETS.get(name_or_path)
    image_set = load_image_set(
        name_or_path, data_dir=data_dir, image_shape=image_shape, require_data=card is not None
    )
    class_counts = {name: _count(split, image_set) for name, split in image_set.splits.items()}
    found = _compare(card, image_set, "images")
    return ImageAudit(**found, image_shape=image_set.image_shape, class_counts=class_counts)


def _audit_pairs(pair_set: PairSet, name: str) -> PairAudit:
    card = PAIR_SETS.get(name)
    found = _compare(card, pair_set, "pairs")
    source, target = map(len, pair_set.vocabularies())
    if card is not None and (source, target) != card.vocabulary_sizes:
        published = " and ".join(map(str, card.vocabulary_sizes))
        found["differences"] += (
            f"the vocabularies have {source} and {target} tokens; the published numbers are {published}",
        )
    sides = zip(*((split.sources, split.targets) for split in pair_set.splits.values()), strict=True)
    source_length, target_length = (max(len(tokens) for split in side for tokens in split) for side in sides)
    return PairAudit(
        **found,
        vocabulary_sizes=(source, target),
        longest=(source_length, target_length),
        left_out=tuple(pair_set.dropped.lines()),
    )


def _audit_captions(caption_set: CaptionSet, name: str) -> CaptionAudit:
    card = CAPTION_SETS.get(name)
    found = _compare(card, caption_set, "images")
    for split in caption_set.splits.values():
        for row in range(len(split)):
            read_images(split, [row], (1, 1))  # raises a DataError that names an unreadable image
    size, longest = len(caption_set.vocabulary()), caption_set.longest
    if card is not None and card.vocabulary_size not in (None, size):
        found["differences"] += (
            f"the vocabulary has {size} tokens; the published number is {card.vocabulary_size}",
        )
    if card is not None and card.longest_caption not in (None, longest):
        found["differences"] += (
            f"the longest caption has {longest} words; the published number is {card.longest_caption}",
        )
    return CaptionAudit(
        **found,
        captions={name: sum(map(len, split.captions)) for name, split in caption_set.splits.items()},
        vocabulary_size=size,
        longest=longest,
        left_out=tuple(caption_set.dropped.lines()),
    )


def _audit_speech(speech_set: SpeechSet, name: str) -> SpeechAudit:
    card = SPEECH_SETS.get(name)
    found = _compare(card, speech_set, "clips")
    minutes: dict[str, float] = {}
    rates: Counter[int] = Counter()
    longest_clip = 0.0
    for split_name, split in speech_set.splits.items():
        seconds = []
        for clip in split.clips:
            samples, rate = decode_audio(clip) if isinstance(clip, Path) else (clip, speech_set.rate)
            seconds.append(len(samples) / rate)
            rates[rate] += 1
        minutes[split_name] = round(sum(seconds) / 60, 2)
        longest_clip = max(longest_clip, *seconds)
    if card is not None and set(rates) != {card.rate}:
        listed = ", ".join(map(str, sorted(rates)))
        found["differences"] += (
            f"the clips have {listed} samples a second; the published number is {card.rate}",
        )
    texts = [text for split in speech_set.splits.values() for text in split.texts]
    unknown = Counter(
        character for text in texts for character in text if SPEECH_VOCABULARY.unknown(character)
    )
    return SpeechAudit(
        **found,
        minutes=minutes,
        rates=dict(rates),
        longest_text=max(map(len, texts)),
        longest_clip=round(longest_clip, 2),
        unknown=dict(unknown.most_common()),
        left_out=tuple(speech_set.dropped.lines()),
    )


def _compare(card: SetCard | None, found: DataSet[Any], noun: str) -> dict[str, Any]:
    """Return the checks that apply to every kind of data set, as keyword arguments of `Audit`."""
    files = _check_files(card, Path(found.origin.location)) if card else ()
    return {
        "name": found.origin.name,
        "location": found.origin.location,
        "sizes": found.sizes,
        "published_sizes": card.sizes if card else None,
        "sha256": found.sha256(),
        "files": files,
        "differences": _differences(card, found.sizes, files, noun) if card else (),
    }


def _check_files(card: SetCard, folder: Path) -> tuple[FileCheck, ...]:
    published = {remote.name: remote.checksum for remote in card.files}
    checks = []
    for path in files_of(card, folder):
        if path.is_file():
            expected = published.get(path.name)
            found = checksum_like(path, expected or "sha256:")
            state = _UNKNOWN if expected is None else _OFFICIAL if found == expected else _DIFFERS
            checks.append(FileCheck(str(path), path.stat().st_size, found, state))
    return tuple(checks)


def _count(split: Split, image_set: ImageSet) -> dict[str, int]:
    counts = np.bincount(split.labels, minlength=len(image_set.class_names)).tolist()
    return dict(zip(image_set.class_names, counts, strict=True))


def _differences(
    card: SetCard, sizes: dict[str, int], files: tuple[FileCheck, ...], noun: str
) -> tuple[str, ...]:
    wrong_files = [f"{file.path} is {file.state}" for file in files if file.state == _DIFFERS]
    wrong_sizes = [
        f"there are {sizes[split]:,} {split} {noun}; the published number is {published:,}"
        for split, published in card.sizes.items()
        if sizes[split] != published
    ]
    return (*wrong_files, *wrong_sizes)
