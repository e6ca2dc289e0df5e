"""Image captioning: the experiment and its metrics on a split."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

import keras
import numpy as np
from matplotlib.figure import Figure

from kzoo.data.captions.caption_set import CaptionSet, read_images
from kzoo.data.captions.load import load_caption_set
from kzoo.data.tokens import TokenKind, Tokens, to_text
from kzoo.data.vocabulary import Vocabulary
from kzoo.decoding import Limits
from kzoo.decoding.adapter import SequenceAdapter
from kzoo.errors import UsageError
from kzoo.extras import require
from kzoo.features.encoders import PRETRAINED, open_encoder
from kzoo.features.regions import load_regions
from kzoo.metrics.bleu import corpus_bleu, mean_sentence_bleu, sentence_bleu
from kzoo.metrics.transcription import bootstrap_interval
from kzoo.models import captioning as family
from kzoo.pictures.contact_sheet import contact_sheet
from kzoo.pictures.figure import save
from kzoo.pictures.title import name_test_set, picture_title
from kzoo.pictures.word_attention import word_attention
from kzoo.recipe import Recipe
from kzoo.shipped import absolute
from kzoo.symbols import EOS, SOS
from kzoo.tasks import options_of
from kzoo.tasks.sequences import SequenceExperiment
from kzoo.training.examples import Examples, SharedSources
from kzoo.training.objective import Objective, captioning, scale_pixels
from kzoo.training.run import RunFolder
from kzoo.training.sources import Sources

BATCH, BUCKET_WIDTH = 64, 8
"""The number of images decoded together; the captions of a training batch are cut to a multiple of 8."""

SHOWN, SHOWN_SIZE = 12, 256
"""The number of test images on a run's contact sheet, and their height and width in pixels."""


@dataclass(frozen=True)
class CaptionExperiment(SequenceExperiment):
    """An experiment that trains an image captioning model."""

    data: CaptionSet

    NOUN = "captioned images"
    DATA_KEYS = frozenset({"max_length", "min_count", "image_size"})
    TRAINING_KEYS = frozenset({"batch_by_length"})
    METRICS = ("bleu_1", "bleu_4")
    ADAPTER: ClassVar[SequenceAdapter] = family
    READS = ("encoder", "image_size")
    INPUT = "image"
    SAMPLE_COLUMNS = ("image", "reference", "prediction")

    @classmethod
    def load(
        cls, recipe: Recipe, *, data_dir: Path | None, require_data: bool, stand_in: str | None
    ) -> CaptionSet:
        """Load the captioned images of a recipe.

        Raises:
            MissingExtraError: sacrebleu, which computes the metrics, is not installed.
        """
        require("sacrebleu", "captions", "the BLEU of captions")
        options = recipe.data.model_dump(include={"max_length", "min_count"})
        return load_caption_set(
            recipe.data.name, data_dir=data_dir, require_data=require_data, stand_in=stand_in, **options
        )

    @classmethod
    def fit_model(cls, recipe: Recipe, data: CaptionSet) -> Recipe:
        """Return the recipe with the vocabulary size of the data and the region features of the encoder."""
        options = options_of(recipe)
        size = recipe.data.image_size
        if options["encoder"] == family.END_TO_END and size is not None and size < family.SMALLEST:
            raise UsageError(
                f"data.image_size must be {family.SMALLEST} or more, not {size}: no region is left"
            )
        fitted: dict[str, Any] = {"vocabulary": len(data.vocabulary())}
        if options["encoder"] != family.END_TO_END:
            fitted["features"] = open_encoder(options["encoder"]).features
        if options["encoder"] not in (*PRETRAINED, family.END_TO_END):
            fitted["encoder"] = absolute(options["encoder"])
        for option, value in fitted.items():
            if recipe.model.options.get(option, value) != value and option != "encoder":
                raise UsageError(
                    f"{data.origin.name} and its encoder need model.{option}={value}, "
                    f"the recipe has {recipe.model.options[option]}: leave it out"
                )
        changed = {option: value for option, value in fitted.items() if options[option] != value}
        return recipe.with_model_options(**changed) if changed else recipe

    def describe(self) -> dict[str, Any]:
        """Describe the rows left out, the longest caption, the image size and the encoder's identity."""
        return {
            "left_out": self.data.dropped.lines(),
            "longest": self.longest,
            "image_size": self.image_size,
            "encoder": encoder_identity(self.encoder),
        }

    @property
    def encoder(self) -> str:
        """The name of the encoder that turns images into regions."""
        return encoder_of(self.recipe)

    @property
    def image_size(self) -> int:
        """The height and width to which images are resized."""
        return self.recipe.data.image_size or default_size(self.encoder)

    @property
    def example_count(self) -> int:
        """The number of training examples: one for each caption of the training split."""
        return sum(map(len, self.data.train.captions))

    @cached_property
    def images(self) -> dict[str, np.ndarray]:
        """The model's inputs by split: regions, or pixels in uint8 if the encoder is trained too."""
        if self.encoder != family.END_TO_END:
            return load_regions(open_encoder(self.encoder), self.data, self.image_size)
        size = (self.image_size, self.image_size)
        return {name: read_images(split, range(len(split)), size) for name, split in self.data.splits.items()}

    def build_vocabulary(self) -> Vocabulary:
        """Build the vocabulary of the training captions."""
        return self.data.vocabulary()

    @cached_property
    def longest(self) -> int:
        """The number of words in the longest caption."""
        return self.data.longest if self.saved_longest is None else self.saved_longest

    @property
    def limits(self) -> Limits:
        """The decoding limits: the longest caption with its start and end tokens, 22 tokens in R001."""
        return limits(self.longest)

    def sources(self, split: str) -> Sources:
        """Return the regions, or the scaled pixels, of the images of a split."""
        return as_sources(self.images[split])

    def targets(self, split: str) -> tuple[Sequence[Tokens], np.ndarray]:
        """Return all captions of a split, and the row of the image of each caption."""
        captions = self.data.splits[split].captions
        owners = np.repeat(np.arange(len(captions)), list(map(len, captions)))
        return tuple(chain.from_iterable(captions)), owners

    def examples(self) -> Callable[[int], Examples]:
        """Return one example for each training caption: its token ids and the row of its image."""
        target_ids, lengths, owners = self.encode_targets("train")
        arrays = (self.images["train"], target_ids, owners.astype(np.int32))
        examples = SharedSources(arrays, lengths[:, None].astype(np.int32), (BUCKET_WIDTH,))
        return lambda epoch: examples

    def objective(self) -> Objective:
        """Return the training objective: the negative log-likelihood of each next word."""
        source = "image" if self.encoder == family.END_TO_END else "regions"
        return captioning(source, self.recipe.training.label_smoothing)

    def names(self, split: str) -> Sequence[str]:
        """Return the names of the images of a split."""
        return self.data.splits[split].names

    def references(self, split: str) -> Sequence[Sequence[Tokens]]:
        """Return the reference captions of each image of a split."""
        return self.data.splits[split].captions

    @property
    def written_kind(self) -> TokenKind:
        """The kind of the output tokens: words."""
        return "spaces"

    def metrics(self, split: str, predictions: Sequence[Tokens]) -> dict[str, float]:
        """Return BLEU-1 and BLEU-4, each the mean over the images of a split (R001)."""
        references = self.data.splits[split].captions
        return {f"bleu_{order}": mean_sentence_bleu(references, predictions, order) for order in (1, 4)}

    def measure(self, split: str, passes: list[list[Tokens]]) -> dict[str, Any]:
        """Return the mean sentence BLEU (R001) and the corpus BLEU of the first prediction of each image."""
        references, predictions = self.data.splits[split].captions, [row[0] for row in passes]
        corpus = corpus_bleu(references, predictions)
        of_each = {
            f"bleu_{order}": [
                sentence_bleu(*image, order) for image in zip(references, predictions, strict=True)
            ]
            for order in (1, 2, 3, 4)
        }
        return {
            "count": len(references),
            **{name: fmean(values) for name, values in of_each.items()},
            "corpus_bleu_4": corpus.score,
            "corpus_bleu_signature": corpus.signature,
            "intervals": {"bleu_4": bootstrap_interval(of_each["bleu_4"])},
        }

    def sample_rows(self, predictions: Sequence[Tokens]) -> Iterable[tuple[str, ...]]:
        """Yield each test image's name, its first reference caption and the predicted caption."""
        test = self.data.test
        for name, references, prediction in zip(test.names, test.captions, predictions, strict=False):
            yield name, to_text(references[0], "spaces"), to_text(prediction, "spaces")

    def draw_samples(self, run: RunFolder, predictions: Sequence[Tokens]) -> None:
        """Draw a contact sheet of test images, evenly spaced over the test set, with their captions."""
        rows = np.unique(np.linspace(0, len(predictions) - 1, SHOWN).astype(int)).tolist()
        captions = [to_text(predictions[row], "spaces") for row in rows]
        references = [
            [to_text(caption, "spaces") for caption in self.data.test.captions[row]] for row in rows
        ]
        images = list(read_images(self.data.test, rows, (SHOWN_SIZE, SHOWN_SIZE)))
        title = picture_title(run, "captions", name_test_set(run))
        save(contact_sheet(images, captions, references, title=title), run.path / "captions.png")

    def attention_picture(self, run: RunFolder, written: Tokens, weights: np.ndarray) -> Figure:
        """Draw the first test image once for each word, overlaid with the attention weights."""
        (image,) = read_images(self.data.test, [0], (self.image_size, self.image_size))
        title = picture_title(run, "attention", self.data.test.names[0])
        return region_attention(image, written, weights, title)


def default_size(encoder: str) -> int:
    """Return the default height and width of an encoder's images: 64 if it is trained with the model.

    A frozen encoder has its own size, which gives 256 regions.
    """
    return 64 if encoder == family.END_TO_END else open_encoder(encoder).size


def encoder_of(recipe: Recipe) -> str:
    """Return the name of the encoder of a recipe's model."""
    return options_of(recipe)["encoder"]


def encoder_identity(encoder: str) -> str:
    """Return the identity of an encoder and its weights; equal identities give equal regions."""
    return encoder if encoder == family.END_TO_END else open_encoder(encoder).identity


def limits(longest: int) -> Limits:
    """Return the decoding limits of captions of at most `longest` words, with start and end tokens."""
    return Limits(start=SOS, end=EOS, length=longest + 2)


def region_attention(image: np.ndarray, written: Tokens, weights: np.ndarray, title: str) -> Figure:
    """Draw an image once for each word, overlaid with its attention.

    `weights` are `(written, regions)`, where the regions are the cells of a square grid, row by row.
    """
    side = math.isqrt(weights.shape[-1])
    return word_attention(image, written, weights.reshape(len(written), side, side), title=title)


def as_sources(images: np.ndarray) -> Sources:
    """Return regions as sources, or scale pixels in uint8 and return those."""
    values = keras.ops.convert_to_numpy(scale_pixels(images)) if images.dtype == np.uint8 else images
    return Sources(values, bucket_width=None, batch=BATCH)
