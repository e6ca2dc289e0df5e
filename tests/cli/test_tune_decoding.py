from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from kzoo.decoding.options import Decoding
from kzoo.tasks.sequences import SequenceExperiment


def tune(kzoo, run, *words):
    done = kzoo("tune-decoding", run, *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def run_command(kzoo, command, *words):
    done = kzoo(*shlex.split(command)[1:], *words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def read_folder(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_best_of_the_grid_is_the_best_of_single_evaluations(kzoo, trained_pair_run, other_pair_run):
    before = read_folder(trained_pair_run)
    words = ["--beam", "1,3", "--length-penalty", "1.5", "--with", other_pair_run]
    told = tune(kzoo, trained_pair_run, *words)
    assert read_folder(trained_pair_run) == before
    assert (told["split"], told["criterion"]) == ("validation", "character_error_rate")

    evaluated = []
    for others in ([], ["--with", other_pair_run]):
        for decoding in ("greedy", "beam --beam 3 --length-penalty 1.5"):
            asked = ["--split", "validation", *others, "--decoding", *decoding.split()]
            evaluated.append(run_command(kzoo, f"kzoo evaluate '{trained_pair_run}'", *asked))
    for trial, found in zip(told["trials"], evaluated, strict=True):
        assert {name: found[name] for name in trial if name != "seconds"}.items() <= trial.items()
    best = min(found["character_error_rate"] for found in evaluated)
    assert told["best"]["character_error_rate"] == best
    assert told["best"] in told["trials"]

    tested = run_command(kzoo, told["command"])
    assert tested["split"] == "test"
    assert [tested["runs"], tested["decoding"]] == [told["best"]["runs"], told["best"]["decoding"]]


def test_the_command_has_the_options_that_the_choice_depends_on(kzoo, other_pair_run, own_pairs):
    words = ["--checkpoint", "last", "--data-dir", own_pairs.parent]
    told = tune(kzoo, other_pair_run, *words, "--beam", 2, "--length-penalty", 0.6)
    assert (told["checkpoint"], told["epochs"]) == ("last", [2])
    chosen = ["--decoding", "beam", "--beam", "2", "--length-penalty", "0.6"]
    assert shlex.split(told["command"]) == [
        "kzoo",
        "evaluate",
        str(other_pair_run),
        *chosen,
        *map(str, words),
    ]
    assert run_command(kzoo, told["command"])["checkpoint"] == "last"


def test_sampling_is_tried_where_asked(kzoo, trained_pair_run):
    told = tune(kzoo, trained_pair_run, "--beam", 1, "--top-p", "0.1,0.9", "--temperature", 2)
    methods = [trial["decoding"] for trial in told["trials"]]
    assert [decoding["method"] for decoding in methods] == ["greedy", "nucleus", "nucleus"]
    assert [decoding["top_p"] for decoding in methods[1:]] == [0.1, 0.9]
    assert {decoding["temperature"] for decoding in methods[1:]} == {2.0}


def test_the_best_of_captions_has_the_highest_bleu(kzoo, whole_caption_run):
    told = tune(kzoo, whole_caption_run, "--beam", "1,2", "--length-penalty", 0)
    assert told["criterion"] == "bleu_4"
    assert told["best"]["bleu_4"] == max(trial["bleu_4"] for trial in told["trials"])


HEADS = "character word length error error error beam penalty models rate rate rate seconds"


def test_a_table_otherwise_with_the_cheapest_of_equal_methods_marked_and_the_command_last(
    kzoo, trained_pair_run, monkeypatch
):
    decoded, decode = [], SequenceExperiment.decode

    def decode_once(self, models, split, decoding):
        decoded.append(decoded[0] if decoded else decode(self, models, split, Decoding()))
        return decoded[-1]

    monkeypatch.setattr(SequenceExperiment, "decode", decode_once)
    done = kzoo("tune-decoding", trained_pair_run)
    assert done.exit_code == 0
    title, *lines, command = done.stdout.splitlines()
    assert title == "last model (epoch 4) on words.tsv validation"
    assert " ".join(" ".join(lines[:3]).split()) == HEADS
    greedy, *beams = (line.split() for line in lines[3:])
    assert greedy[:3] == ["greedy", "(best)", "1"]
    assert [row[:4] for row in beams] == [
        ["beam", width, penalty, "1"] for width in "248" for penalty in ("0.0", "0.6", "1.0")
    ]
    assert command == f"kzoo evaluate '{trained_pair_run}' --decoding greedy"
    numbers = [line.split()[0] for line in done.stderr.splitlines()]
    assert numbers == [f"{number}/10" for number in range(1, 11)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["PAIRS", "--beam", "1,many"], "--beam '1,many': expected whole numbers separated by commas"),
        (["PAIRS", "--beam", "0"], "a beam must be 1 to 1,000, not 0"),
        (["PAIRS", "--length-penalty", ""], "--length-penalty '': expected numbers separated by commas"),
        (["PAIRS", "--top-p", "0.5;0.8"], "--top-p '0.5;0.8': expected numbers separated by commas"),
        (["PAIRS", "--temperature", "0"], "a temperature must be positive, not 0.0"),
        (["PAIRS", "--with", "no-run"], "no-run is not a run folder"),
        (["PAIRS", "--with", "IMAGES"], "--with is for runs of sequence transduction"),
        (["IMAGES"], "kzoo tune-decoding is for sequence models"),
    ],
)
def test_what_does_not_go_with_a_run(kzoo, trained_run, trained_pair_run, words, said):
    runs = {"PAIRS": trained_pair_run, "IMAGES": trained_run}
    done = kzoo("tune-decoding", *(runs.get(word, word) for word in words))
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_split_cannot_be_chosen(kzoo, trained_pair_run):
    assert kzoo("tune-decoding", trained_pair_run, "--split", "test").exit_code == 2


def test_an_interruption_leaves_the_run_as_it_was(kzoo, trained_pair_run, monkeypatch):
    before, decode = read_folder(trained_pair_run), SequenceExperiment.decode

    def interrupted(self, models, split, decoding):
        if decoding.method == "beam":
            raise KeyboardInterrupt
        return decode(self, models, split, decoding)

    monkeypatch.setattr(SequenceExperiment, "decode", interrupted)
    done = kzoo("tune-decoding", trained_pair_run, "--json")
    assert (done.exit_code, done.stdout) == (130, "")
    assert read_folder(trained_pair_run) == before
