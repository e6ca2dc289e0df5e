"""What `kzoo bench decode` prints."""

from __future__ import annotations

from typing import Any

from .output import console, print_table


def print_decoding(figures: dict[str, Any]) -> None:
    """Sentences a second in each way, and how many times faster kzoo's greedy decoding is."""
    data, speeds, ratios = figures["data"], figures["sentences_per_second"], figures["ratios"]
    stand_in = " (stand-in)" if data["stand_in"] else ""
    console().print(
        f"{figures['model']} on the test sources of {data['name']}{stand_in}, {figures['kzoo']['device']}",
        style="bold",
        soft_wrap=True,
    )
    ours = f"kzoo, {figures['kzoo']['framework']}"
    names = {
        "greedy": f"{ours}: greedy",
        "beam": f"{ours}: beam {figures['beam']}",
        "batches": "plain PyTorch: greedy, in batches",
        "singly": "plain PyTorch: greedy, one by one",
    }
    rows = []
    for way, name in names.items():
        spread = ratios.get(way)
        ratio = (
            f"{speeds['greedy'] / speeds[way]:.1f} ({min(spread):.1f} to {max(spread):.1f})" if spread else ""
        )
        counts = f"{figures['counts'][way]:,}"
        rows.append((name, counts, f"{speeds[way]:,.0f}", f"{figures['first_seconds'][way]:.1f}", ratio))
    print_table("", ">sentences", ">sentences/s", ">first round, s", "kzoo's greedy is faster by", rows=rows)
    print_caution(figures)


def print_caution(figures: dict[str, Any]) -> None:
    """Say that a race on a busy machine says nothing."""
    if figures["busy"]:
        console().print(
            f"The machine was busy before (load {figures['load_before']:.1f}), and PyTorch's threads suffer "
            "most by that: race again when it is idle, and quote no ratio of this one.",
            style="bold yellow",
            soft_wrap=True,
        )
