"""How well captions agree with what several people wrote: BLEU (Papineni et al., 2002), without smoothing.

Image i has a hypothesis h_i and references r_i1, r_i2, ..., as many as there are. With C_s(g) for how often
the n-gram g stands in the sequence s, and N for the order,

    p_n    = sum_i sum_g min(C_{h_i}(g), max_j C_{r_ij}(g)) / sum_i max(|h_i| - n + 1, 0)
    BP     = min(1, exp(1 - r / c)),  c = sum_i |h_i|,  r = sum_i (the |r_ij| closest to |h_i|)
    BLEU-N = BP (p_1 p_2 ... p_N)^(1/N)

where the shorter of two lengths equally close counts. Two conventions turn it into one figure:

    macro: the mean over images of the BLEU of one image   `mean_sentence_bleu`, reported by R001
    micro: the BLEU of the sums over all images            `corpus_bleu`, as Papineni et al. define it

The BLEU of one image is 0 as soon as one p_n is, and so for every hypothesis shorter than N tokens.
NLTK's `sentence_bleu`, which is unsmoothed by default, puts 2e-308 in place of such a p_n and gives numbers
of 1e-77 or less for N = 4.

Tokens are compared as they are: make them lower-case and take special tokens out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from statistics import fmean

from kzoo.extras import require
from kzoo.metrics.sequences import Tokens, numbered, require_one_for_each


@dataclass(frozen=True)
class CorpusBleu:
    """The BLEU of a corpus, its parts, all in [0, 1], and sacrebleu's signature of how it was computed.

    `precisions` are p_1..p_N; the signature does not name N, which is their number.
    """

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    signature: str


def sentence_bleu(references: Sequence[Tokens], hypothesis: Tokens, order: int = 4) -> float:
    """BLEU-`order` of one image, in [0, 1].

    Args:
        references: the captions that people wrote.
        hypothesis: the model's caption.
        order: N, the longest n-grams.

    Raises:
        ValueError: there is no reference, or the order is below 1.
        MissingExtraError: sacrebleu is not installed.
    """
    return corpus_bleu([references], [hypothesis], order).score


def mean_sentence_bleu(
    references: Sequence[Sequence[Tokens]], hypotheses: Sequence[Tokens], order: int = 4
) -> float:
    """The macro BLEU (R001 3): the mean over images of `sentence_bleu`, in [0, 1].

    Args:
        references: those of each image; their number may differ from image to image.
        hypotheses: the model's caption of each image.
        order: N, the longest n-grams.

    Raises:
        ValueError: the numbers of images differ, there is no image, an image has no reference, or the order
            is below 1.
        MissingExtraError: sacrebleu is not installed.
    """
    require_one_for_each(references, hypotheses)
    return fmean(sentence_bleu(*image, order) for image in zip(references, hypotheses, strict=True))


def corpus_bleu(
    references: Sequence[Sequence[Tokens]], hypotheses: Sequence[Tokens], order: int = 4
) -> CorpusBleu:
    """The micro BLEU, by sacrebleu (Post, 2018).

    Arguments and errors are those of `mean_sentence_bleu`.
    """
    require_one_for_each(references, hypotheses)
    counts = list(map(len, references))
    if 0 in counts:
        raise ValueError(f"expected references for each image, got none at index {counts.index(0)}")
    if order < 1:
        raise ValueError(f"expected an order of at least 1, got {order}")
    sacrebleu = require("sacrebleu", "captions", "BLEU")
    bleu = sacrebleu.BLEU(tokenize="none", smooth_method="none", max_ngram_order=order)
    lines = [_lines(hypothesis, *several) for several, hypothesis in zip(references, hypotheses, strict=True)]
    # sacrebleu wants the first references of all images, then the second ones, and None where there is none.
    result = bleu.corpus_score([line for line, *_ in lines], list(zip_longest(*(rest for _, *rest in lines))))
    return CorpusBleu(
        score=min(result.score / 100, 1.0),  # logarithms and back may end a rounding error above 1
        precisions=tuple(precision / 100 for precision in result.precisions),
        brevity_penalty=result.bp,
        signature=str(bleu.get_signature()),
    )


def _lines(*sequences: Tokens) -> list[str]:
    return [" ".join(map(str, numbers)) for numbers in numbered(*sequences)]
