"""Cards of the published image sets.

Sizes in bytes and SHA-256 checksums are taken from TensorFlow Datasets
(`tensorflow_datasets/url_checksums/{mnist,fashion_mnist,kmnist}.txt`). MedMNIST publishes only an MD5
(`medmnist/info.py`) and no size in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from kzoo.data.card import RemoteFile, SetCard

R004_TEST_CUT = (182, 55, 42, 250)
"""The number of test images of each OCTMNIST class that R004 used."""

IMAGE_STAND_INS = ("glyphs", "scenes", "scans")
"""The names of the stand-ins, which kzoo draws (`kzoo.data.standins`)."""


@dataclass(frozen=True, kw_only=True)
class ImageSetCard(SetCard):
    """The published facts about an image set. `image_shape` is `(height, width, channels)`."""

    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    stand_in: str


def _remote_files(address: str, table: str) -> tuple[RemoteFile, ...]:
    """Parse a table of file names, sizes in bytes and SHA-256 checksums. All files share one base URL."""
    rows = [line.split() for line in table.strip().splitlines()]
    return tuple(
        RemoteFile(name, f"{address}/{name}", int(size), f"sha256:{digest}") for name, size, digest in rows
    )


_FASHION_MNIST_FILES = """
train-images-idx3-ubyte.gz 26421880 3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
train-labels-idx1-ubyte.gz 29515 a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
t10k-images-idx3-ubyte.gz 4422102 346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
t10k-labels-idx1-ubyte.gz 5148 67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
"""
_MNIST_FILES = """
train-images-idx3-ubyte.gz 9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
train-labels-idx1-ubyte.gz 28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
t10k-images-idx3-ubyte.gz 1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
t10k-labels-idx1-ubyte.gz 4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
"""
_KMNIST_FILES = """
train-images-idx3-ubyte.gz 18165135 51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4
train-labels-idx1-ubyte.gz 29497 e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17
t10k-images-idx3-ubyte.gz 3041136 edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5
t10k-labels-idx1-ubyte.gz 5120 20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c
"""

_FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_MNIST_SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}
_MNIST_SPLIT = (
    "Published as 60,000 + 10,000 images; 10,000 of the 60,000 are held out, by class, for validation."
)

_CARDS = (
    ImageSetCard(
        name="fashion-mnist",
        title="Fashion-MNIST: articles of clothing (Xiao et al. 2017, arXiv 1708.07747)",
        image_shape=(28, 28, 1),
        class_names=_FASHION_CLASSES,
        sizes=_MNIST_SIZES,
        licence="MIT",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        stand_in="glyphs",
        note=_MNIST_SPLIT,
        files=_remote_files(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", _FASHION_MNIST_FILES
        ),
    ),
    ImageSetCard(
        name="mnist",
        title="MNIST: handwritten digits (LeCun et al. 1998)",
        image_shape=(28, 28, 1),
        class_names=tuple("0123456789"),
        sizes=_MNIST_SIZES,
        licence="CC BY-SA 3.0",
        homepage="http://yann.lecun.com/exdb/mnist/",
        stand_in="glyphs",
        note=_MNIST_SPLIT + " The address is the mirror that the CVDF keeps with the author's permission.",
        files=_remote_files("https://storage.googleapis.com/cvdf-datasets/mnist", _MNIST_FILES),
    ),
    ImageSetCard(
        name="kmnist",
        title="Kuzushiji-MNIST: cursive hiragana (Clanuwat et al. 2018, arXiv 1812.01718)",
        image_shape=(28, 28, 1),
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        sizes=_MNIST_SIZES,
        licence="CC BY-SA 4.0",
        homepage="https://github.com/rois-codh/kmnist",
        stand_in="glyphs",
        note=_MNIST_SPLIT + " The official NumPy files (kmnist-train-imgs.npz ...) are read too.",
        files=_remote_files("http://codh.rois.ac.jp/kmnist/dataset/kmnist", _KMNIST_FILES),
    ),
    ImageSetCard(
        name="octmnist",
        title="OCTMNIST: retinal tomography, of MedMNIST v2 (Yang et al. 2023, arXiv 2110.14795)",
        image_shape=(28, 28, 1),
        class_names=("choroidal neovascularization", "diabetic macular edema", "drusen", "normal"),
        sizes={"train": 97_477, "validation": 10_832, "test": 1_000},
        licence="CC BY 4.0",
        homepage="https://medmnist.com",
        stand_in="scans",
        note="Split as published. R004 tests on 529 images (`test_cut`): 182, 55, 42 and 250 of the classes; "
        "it does not say which, so the first of each class are taken. Only an MD5 is published.",
        files=(
            RemoteFile(
                name="octmnist.npz",
                url="https://zenodo.org/records/10519652/files/octmnist.npz?download=1",
                bytes=None,
                checksum="md5:c68d92d5b585d8d81f7112f81e2d0842",
            ),
        ),
    ),
    ImageSetCard(
        name="intel-scenes",
        title="Intel image classification: natural scenes, resized to 48x48",
        image_shape=(48, 48, 3),
        class_names=("buildings", "forest", "glacier", "mountain", "sea", "street"),
        sizes={"train": 12_630, "validation": 1_404, "test": 3_000},
        licence="none stated",
        homepage="https://www.kaggle.com/datasets/puneet6060/intel-image-classification",
        stand_in="scenes",
        note="Published as 14,034 + 3,000 photographs; a tenth of the training images is held out, by class. "
        "Kaggle asks for a login and publishes no checksum: put its archive.zip, its folders seg_train and "
        "seg_test, or one npz of the images at 48x48 in place by hand.",
        archive="archive.zip",
    ),
)

IMAGE_SETS: dict[str, ImageSetCard] = {card.name: card for card in _CARDS}
