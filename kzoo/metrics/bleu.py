"""BLEU of captions against several references (Papineni et al., 2002), without smoothing.

Image i has a hypothesis h_i and any number of references r_i1, r_i2, .... With C_s(g) for the number of times
that the n-gram g occurs in the sequence s, and N for the order,

    p_n    = sum_i sum_g min(C_{h_i}(g), max_j C_{r_ij}(g)) / sum_i max(|h_i| - n + 1, 0)
    BP     = min(1, exp(1 - r / c)),  c = sum_i |h_i|,  r = sum_i (the |r_ij| closest to |h_i|)
    BLEU-N = BP (p_1 p_2 ... p_N)^(1/N)

where the shorter of two equally close lengths is taken. Two conventions turn it into one number:

    macro: the mean over images of the BLEU of one image   `mean_sentence_bleu`, reported by R001
    micro: the BLEU of the sums over all images            `corpus_bleu`, as Papineni et al. define it

The BLEU of one image is 0 if any p_n is 0, so it is 0 for every hypothesis shorter than N tokens. NLTK's
`sentence_bleu`, which is unsmoothed by default, replaces such a p_n by 2e-308 and returns 1e-77 or less for
N = 4.

Tokens are compared unchanged: lower-case them and remove special tokens first.
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
    """The BLEU of a corpus and its parts, all in [0, 1], with sacrebleu's signature of the computation.

    `precisions` are p_1..p_N. The signature does not name N.
    """

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    signature: str


def sentence_bleu(references: Sequence[Tokens], hypothesis: Tokens, order: int = 4) -> float:
    """Return the BLEU-`order` of one image, in [0, 1].

    Args:
        references: the captions that people wrote.
        hypothesis: the model's caption.
        order: N, the length of the longest n-grams.

    Raises:
        ValueError: there is no reference, or the order is below 1.
        MissingExtraError: sacrebleu is not installed.
    """
    return corpus_bleu([references], [hypothesis], order).score


def mean_sentence_bleu(
    references: Sequence[Sequence[Tokens]], hypotheses: Sequence[Tokens], order: int = 4
) -> float:
    """Return the macro BLEU (R001 3): the mean over images of `sentence_bleu`, in [0, 1].

    Args:
        references: the references of each image; their number may differ between images.
        hypotheses: the model's caption of each image.
        order: N, the length of the longest n-grams.

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
    """Return the micro BLEU, computed by sacrebleu (Post, 2018).

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
    # sacrebleu takes the first references of all images, then the second ones, and None for a missing one.
    result = bleu.corpus_score([line for line, *_ in lines], list(zip_longest(*(rest for _, *rest in lines))))
    return CorpusBleu(
        score=min(result.score / 100, 1.0),  # rounding in log and exp may exceed 1
        precisions=tuple(precision / 100 for precision in result.precisions),
        brevity_penalty=result.bp,
        signature=str(bleu.get_signature()),
    )


def _lines(*sequences: Tokens) -> list[str]:
    return [" ".join(map(str, numbers)) for numbers in numbered(*sequences)]
