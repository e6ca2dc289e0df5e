"""Tables of the measurements of `kzoo bench train` and `kzoo bench decode`."""

from __future__ import annotations

from typing import Any

from .output import console, print_table

_START_ROWS = {"import, s": ("import_seconds", ".1f"), "data, s": ("data_seconds", ".1f")}
_STEP_COLUMNS = {
    "{noun}/s": ("examples_per_second", ",.0f"),
    **_START_ROWS,
    "first step, s": ("first_step_seconds", ".1f"),
}
_RUN_COLUMNS = {
    "whole run, s": ("run_seconds", ",.0f"),
    **_START_ROWS,
    "an epoch, s": ("median_epoch_seconds", ".1f"),
    "the end, s": ("end_seconds", ".1f"),
}

_PEERS = {"student": "plain PyTorch", "tight": "a tight PyTorch loop", "fit": "model.fit"}
_WAYS = {"greedy": "greedy", "batches": "in batches", "singly": "one by one"}


def print_training(figures: dict[str, Any]) -> None:
    """Print the speeds of kzoo and its peers, and how many times faster kzoo is than each peer."""
    ours, peers = figures["kzoo"], figures["peers"]
    what = f"batch {figures['batch_size']}, {figures['optimizer']}"
    _print_title(f"{figures['recipe']} on {_data(figures)}, {what}", figures)
    sides = [(f"kzoo, {ours['framework']}", ours)]
    sides += [(_name(peer, side), side) for peer, found in peers.items() for side in found["sides"]]
    columns = _STEP_COLUMNS if "steps" in figures else _RUN_COLUMNS
    rows = [(name, *(format(side[key], digits) for key, digits in columns.values())) for name, side in sides]
    print_table("", *(f">{label.format(noun=figures['noun'])}" for label in columns), rows=rows)
    for peer, found in peers.items():
        told = _ratio(found, ".2f")
        console().print(f"kzoo is {told} times as fast as {_name(peer, found['sides'][0])}", soft_wrap=True)
    print_caution(figures)


def print_decoding(figures: dict[str, Any]) -> None:
    """Print sentences per second for each way of decoding, and kzoo's greedy speed relative to PyTorch's."""
    ours, counts = figures["kzoo"], figures["counts"]
    _print_title(f"{figures['model']} on the test sources of {_data(figures)}", figures)
    ways = {**_WAYS, "beam": f"beam {figures['beam']}"}
    sides = [(f"kzoo, {ours['framework']}", ours)]
    sides += [(_name("student", side), side) for side in figures["students"]]
    rows = []
    for name, side in sides:
        for way, speed in side["sentences_per_second"].items():
            first = side["first_seconds"][way]
            rows.append((f"{name}: {ways[way]}", f"{counts[way]:,}", f"{speed:,.0f}", f"{first:.1f}"))
    print_table("", ">sentences", ">sentences/s", ">first round, s", rows=rows)
    for way, found in figures["compared"].items():
        told, fastest = _ratio(found, ".1f"), _name("student", found)
        console().print(f"kzoo's greedy is {told} times as fast as {fastest}, {ways[way]}", soft_wrap=True)
    print_caution(figures)


def _print_title(title: str, figures: dict[str, Any]) -> None:
    console().print(f"{title}, {figures['kzoo']['device']}", style="bold", soft_wrap=True)


def _data(figures: dict[str, Any]) -> str:
    data = figures["data"]
    return f"{data['name']}{' (stand-in)' if data['stand_in'] else ''}"


def _name(peer: str, side: dict[str, Any]) -> str:
    """Return the name of a peer, with its number of threads if that is known."""
    from kzoo.bench.peers import spell_threads

    return f"{_PEERS[peer]}, {spell_threads(side['threads'])}" if "threads" in side else _PEERS[peer]


def _ratio(found: dict[str, Any], digits: str) -> str:
    low, high = min(found["ratios"]), max(found["ratios"])
    return f"{found['ratio']:{digits}} ({low:{digits}} to {high:{digits}} by round)"


def print_caution(figures: dict[str, Any]) -> None:
    """Print a warning if the machine was busy during the race."""
    if figures["busy"]:
        from kzoo.bench.machine import spell_busy

        console().print(
            f"The machine was not idle: before the race {spell_busy(figures['busy_before'])}, during it "
            f"{spell_busy(figures['busy_during'])}. This slows PyTorch's threads most: repeat the race when "
            "the machine is idle, and do not quote these ratios.",
            style="bold yellow",
            soft_wrap=True,
        )
