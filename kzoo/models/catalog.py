"""The model cards of the zoo. Reading them imports neither the builders nor Keras."""

from __future__ import annotations

from kzoo.models.card import ModelCard, PrintedSum

IMAGES = "image classification"
PAIRS = "sequence transduction"
CAPTIONS = "image captioning"
SPEECH = "speech recognition"


def _two_biases(count: str) -> str:
    return f"PyTorch's LSTM has a second bias, which adds {count} parameters and nothing else."


_ZOO = (
    ModelCard(
        name="tiny-cnn",
        task=IMAGES,
        source="R001 1.1",
        summary="conv 8 5x5, max-pool 4x4 stride 2, dense 10",
        parameters=10_298,
        published=10_298,
        note="The exercise names no activation; the ReLU has no parameters.",
    ),
    ModelCard(
        name="mlp",
        task=IMAGES,
        source="R001 1.2",
        summary="dense 100, dense 10 on the flattened image",
        parameters=236_310,
        published=24_540,
        note="R001 prints 24,540 parameters, +138.3 % over tiny-cnn; the network has 236,310, +2,194.7 %.",
        printed_sum=PrintedSum(
            total=24_540,
            terms_total=24_540,
            printed={"fc1": 23_530},
            remark="a digit is missing: 2,352 x 100 + 100 = 235,300, printed as 23,530; "
            "24,540 / 10,298 - 1 = 138.3 % follows from it, 236,310 / 10,298 - 1 = 2,194.7 % is right",
        ),
    ),
    ModelCard(
        name="fashion-cnn",
        task=IMAGES,
        source="R001 2",
        summary="conv 16 3x3, conv 32 3x3, dense 600, 120, 10",
        parameters=769_930,
    ),
    ModelCard(
        name="kmnist-cnn",
        task=IMAGES,
        source="R000 2, R002 2",
        summary="conv 8 5x5, conv 16 3x3, dense 600, 120, 10",
        parameters=420_906,
    ),
    ModelCard(
        name="oct-cnn",
        task=IMAGES,
        source="R004 2.1",
        summary="conv 8 3x3, conv 16 3x3, dense 320, 120, 4",
        parameters=224_892,
        published=224_892,
        note="R004 prints the results of this model and of oct-cnn-strided under each other's heading.",
    ),
    ModelCard(
        name="oct-cnn-strided",
        task=IMAGES,
        source="R004 2.2",
        summary="oct-cnn with strides of 2 in place of pooling",
        parameters=224_892,
        published=224_892,
        note="R004 prints the results of this model and of oct-cnn under each other's heading.",
    ),
    ModelCard(
        name="cnn",
        task=IMAGES,
        source="R003 2.1",
        summary="three conv blocks 32/64/128, dense 1024, 512, 6",
        parameters=5_340_742,
    ),
    ModelCard(
        name="cnn-bn",
        task=IMAGES,
        source="R003 2.2",
        summary="cnn with batch normalisation and global average pooling",
        parameters=752_640,
        published=752_640,
        note="As R003 trained it: a log-softmax over 512 units, only six of which are ever targets, in place "
        "of a 6-way layer. cnn-bn-6way is the network that the assignment asked for.",
        printed_sum=PrintedSum(
            total=752_640,
            terms_total=750_592,
            printed={"fc1_bn": 0},
            remark="the total is right; the batch normalisation after fc1 is missing from the terms",
        ),
    ),
    ModelCard(
        name="cnn-bn-6way",
        task=IMAGES,
        source="R003 2.2",
        summary="cnn-bn with the six-way layer that the assignment meant",
        parameters=755_718,
    ),
    ModelCard(
        name="cnn-bn-flatten",
        task=IMAGES,
        source="R003 2.3",
        summary="cnn-bn with flatten in place of the global average",
        parameters=5_340_160,
        published=5_340_160,
        note='R003 calls this count "without batch normalisation", but the batch normalisation is in it.',
        printed_sum=PrintedSum(
            total=5_340_160,
            terms_total=5_337_664,
            printed={"conv1_bn": 0, "conv2_bn": 0, "conv3_bn": 0, "fc1_bn": 0},
            remark="the total is right; every batch normalisation (448 and 2,048) is missing from the terms",
        ),
    ),
    ModelCard(
        name="efficientnet-lite0",
        task=IMAGES,
        source="Tan and Le, 2019",
        summary="sixteen inverted residual blocks, 1,280 features, dense 1000",
        parameters=4_652_008,
        note="EfficientNet-Lite0 (2020), not a network of the reports: the encoder of captioned images.",
    ),
    ModelCard(
        name="caption",
        task=CAPTIONS,
        source="R001 3a",
        summary="LSTM 256 begun by the mean region, words 100",
        parameters=696_054,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="caption-attention",
        task=CAPTIONS,
        source="R001 3b",
        summary="caption with additive attention over the regions",
        parameters=1_297_443,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="nmt",
        task=PAIRS,
        source="R000 3.1a, R002 3.1a",
        summary="two-way LSTM 64, LSTM 128, tied output",
        parameters=239_138,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="nmt-bilinear",
        task=PAIRS,
        source="R000 3.1b, R002 3.1b",
        summary="nmt with bilinear attention",
        parameters=288_418,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="p2g",
        task=PAIRS,
        source="R003 3.1",
        summary="nmt for phones to letters",
        parameters=256_093,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="p2g-bahdanau",
        task=PAIRS,
        source="R003 3.2",
        summary="p2g with Bahdanau attention",
        parameters=321_885,
        note=_two_biases("1,024"),
    ),
    ModelCard(
        name="asr-lstm",
        task=SPEECH,
        source="R004 3.1",
        summary="convolutions, two attention blocks; LSTM 200, attention",
        parameters=1_470_435,
        note=_two_biases("800"),
    ),
    ModelCard(
        name="asr-attention",
        task=SPEECH,
        source="R004 3.2",
        summary="asr-lstm with self-attention for the LSTM",
        parameters=1_329_835,
    ),
)

CARDS = {card.name: card for card in _ZOO}
"""The model cards by name, in the order of the zoo."""
