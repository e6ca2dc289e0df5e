"""The `kzoo data` commands, which find, download and check data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kzoo.data.tokens import TokenKind

from .options import DataDir, Json, complete_set
from .output import console, error_console, print_json, print_table

if TYPE_CHECKING:
    from kzoo.data.audit import CaptionAudit, ImageAudit, PairAudit, SpeechAudit

app = typer.Typer(
    help="Find, download and check published data sets, or your own.",
    no_args_is_help=True,
)

Name = Annotated[
    str,
    typer.Argument(
        help="A published set, for instance fashion-mnist; see `kzoo data list`.", autocompletion=complete_set
    ),
]
NameOrPath = Annotated[
    str,
    typer.Argument(
        help="A published set, or your own: a folder of images, an npz, a tsv or csv of pairs, the JSON of "
        "captioned images, or a folder of spoken texts in the layout of LJ Speech.",
        autocompletion=complete_set,
    ),
]
ImageShape = Annotated[
    tuple[int, int, int] | None,
    typer.Option(help="Height, width and channels to which your own photographs are resized."),
]


@app.command("list")
def list_sets(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the published data sets, and where each was found."""
    from kzoo.data.catalog import PUBLISHED_SETS
    from kzoo.data.search_path import describe

    sets = [describe(name, data_dir) for name in PUBLISHED_SETS]
    if as_json:
        print_json(sets)
        return
    rows = [
        (
            row["name"],
            "/".join(f"{size:,}" for size in row["sizes"].values()),
            _example(row),
            row["licence"],
            row["stand_in"] or "-",
            row["found"] or "-",
        )
        for row in sets
    ]
    print_table("name", "train/validation/test", "example", "licence", "stand-in", "found in", rows=rows)


@app.command()
def info(name: Name, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show a set's licence, sizes, checksums, official address and search path."""
    from kzoo.data.search_path import describe

    card = describe(name, data_dir)
    if as_json:
        print_json(card)
        return
    rows = [
        (key.replace("_", "-"), card[key] or "-")
        for key in ("name", "title", "licence", "homepage", "stand_in", "note")
    ]
    rows.append(("sizes", ", ".join(f"{size:,} {split}" for split, size in card["sizes"].items())))
    rows.append(("example", _example(card)))
    if "class_names" in card:
        rows.append(("classes", ", ".join(card["class_names"])))
    for file in card["files"]:
        size = f"{file['bytes']:,} bytes" if file["bytes"] else "size not published"
        checksum = file["checksum"] or "no checksum is published"
        rows.append(("file", f"{file['name']}, {size}\n{file['url']}\n{checksum}"))
    rows.append(("looked for in", "\n".join(card["search_path"])))
    rows.append(("found in", card["found"] or "-"))
    print_table("", "", rows=rows)


@app.command()
def fetch(name: Name, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Download a set from its official address and verify it, or unpack an archive put in place by hand.

    An interrupted download is resumed. The set is stored in DATA_DIR/NAME, by default in $KZOO_DATA/NAME or
    the user's cache.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from kzoo.data.catalog import find_card
    from kzoo.data.fetch import fetch as fetch_set
    from kzoo.data.search_path import download_folder

    card, folder = find_card(name), download_folder(name, data_dir)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=error_console()) as bars:
        tasks = {file.name: bars.add_task(file.name, total=file.bytes) for file in card.files}
        files = fetch_set(
            card, folder, lambda file, done, total: bars.update(tasks[file], completed=done, total=total)
        )
    if as_json:
        print_json({"name": name, "folder": str(folder), "files": [str(file) for file in files]})
    else:
        console().print(f"{name} is in {folder}", soft_wrap=True)


@app.command()
def check(
    name: NameOrPath,
    data_dir: DataDir = None,
    image_shape: ImageShape = None,
    source_tokens: Annotated[
        TokenKind | None, typer.Option(help="The tokens of your own source sequences.")
    ] = None,
    target_tokens: Annotated[
        TokenKind | None, typer.Option(help="The tokens of your own target sequences.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read a whole set, count its examples, and compare it with what is published.

    The exit code is 1 if the set differs from what is published, 3 if it is missing or damaged.
    """
    from kzoo.data.audit import audit

    found = audit(name, data_dir, image_shape, source_tokens=source_tokens, target_tokens=target_tokens)
    if as_json:
        print_json(found.to_json())
    else:
        _print_audit(found)
    if found.differences:
        raise typer.Exit(1)


def _example(card: dict[str, Any]) -> str:
    """Describe one example of a set: an image shape, the vocabulary sizes, or the sampling rate."""
    if "image_shape" in card:
        return "x".join(map(str, card["image_shape"]))
    if "longest_caption" in card:
        size = card["vocabulary_size"]
        return f"captions, {size} tokens" if size else "captions"
    if "rate" in card:
        return f"clips, {card['rate']:,} Hz"
    source, target = card["vocabulary_sizes"]
    return f"{source} to {target} tokens"


def _print_classes(found: ImageAudit) -> None:
    rows = [
        (name, *(f"{split[name]:,}" for split in found.class_counts.values()))
        for name in found.class_counts["train"]
    ]
    rows.append(("all", *(f"{size:,}" for size in found.sizes.values())))
    print_table("class", *(f">{split}" for split in found.class_counts), rows=rows)


def _print_pairs(found: PairAudit) -> None:
    rows = [(f"{split} pairs", f"{size:,}") for split, size in found.sizes.items()]
    sides = zip(("source", "target"), found.vocabulary_sizes, found.longest, strict=True)
    rows += [(side, f"{size} tokens, the longest has {longest}") for side, size, longest in sides]
    print_table("", "", rows=rows)


def _print_captions(found: CaptionAudit) -> None:
    rows = [
        (f"{split} images", f"{size:,} with {found.captions[split]:,} captions")
        for split, size in found.sizes.items()
    ]
    rows.append(("words", f"{found.vocabulary_size} tokens, the longest caption has {found.longest} words"))
    print_table("", "", rows=rows)


def _print_speech(found: SpeechAudit) -> None:
    rows = [
        (f"{split} clips", f"{size:,}, {found.minutes[split]:,.1f} minutes")
        for split, size in found.sizes.items()
    ]
    rates = ", ".join(f"{count:,} clips of {rate:,}" for rate, count in found.rates.items())
    unknown = ", ".join(f"{character!r} {count:,}" for character, count in found.unknown.items())
    rows.append(("samples a second", rates))
    rows.append(("longest", f"{found.longest_clip:.1f} seconds, {found.longest_text} characters"))
    rows.append(("unknown characters", unknown or "none"))
    print_table("", "", rows=rows)


def _print_audit(found: ImageAudit | PairAudit | CaptionAudit | SpeechAudit) -> None:
    from kzoo.data.audit import CaptionAudit, ImageAudit, SpeechAudit

    out = console()
    out.print(f"{found.name} in {found.location}", soft_wrap=True)
    if isinstance(found, ImageAudit):
        _print_classes(found)
    elif isinstance(found, CaptionAudit):
        _print_captions(found)
    elif isinstance(found, SpeechAudit):
        _print_speech(found)
    else:
        _print_pairs(found)
    for line in () if isinstance(found, ImageAudit) else found.left_out:
        out.print(line, soft_wrap=True)
    for file in found.files:
        out.print(f"{file.path}: {file.state}, {file.checksum}", soft_wrap=True)
    out.print(f"examples: sha256:{found.sha256}", soft_wrap=True)
    for difference in found.differences:
        out.print(f"differs: {difference}", style="yellow", soft_wrap=True)
    if not found.differences:
        out.print("nothing differs from what is published" if found.published_sizes else "no errors found")
