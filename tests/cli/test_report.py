"""`kzoo report`: everything that the folders of runs and tables hold, on one page."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sys
from html import unescape

import pytest

from kzoo.reproduction.grid import to_table
from kzoo.reproduction.job import Job
from kzoo.reproduction.plan import Plan, load_plan
from kzoo.reproduction.table import load_table


def pictures(html: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r'src="data:image/png;base64,([^"]+)"', html)]


def headings(html: str, level: int) -> list[str]:
    return [
        re.sub(r"<[^>]+>|\s+", " ", found).strip()
        for found in re.findall(rf"<h{level}>(.*?)</h{level}>", html, re.DOTALL)
    ]


@pytest.fixture
def report(kzoo, here):
    """`report(*words)` writes a page and gives its text."""

    def write(*words: object) -> str:
        done = kzoo("report", *words)
        assert done.exit_code == 0, done.stderr
        return (here / done.stdout.strip()).read_text(encoding="utf-8")

    return write


def test_the_page_of_one_run_has_all_of_its_pictures(report, trained_run):
    html = report(trained_run)
    kept = [
        (trained_run / f"{name}.png").read_bytes()
        for name in ("confusion", "mistakes", "activations", "kernels")
    ]
    curves, *others = pictures(html)
    assert others == kept
    assert curves not in kept
    (title,) = headings(html, 1)
    assert title.startswith("tiny-cnn on ")
    assert "[birch]" in html
    metrics = json.loads((trained_run / "metrics.json").read_text())
    assert f"{metrics['parameters']:,}" in html
    assert f"{metrics['test_accuracy']:.4f}".removeprefix("0") in html
    assert metrics["data"]["sha256"] in html
    assert "keras " in html


def test_runs_of_every_kind_on_one_page(
    report, trained_run, trained_pair_run, whole_caption_run, whole_speech_run
):
    html = report(
        trained_run, trained_pair_run, whole_caption_run, whole_speech_run, "--title", "All & everything"
    )
    assert headings(html, 1) == ["All &amp; everything"]
    labels = [run.name for run in (trained_run, trained_pair_run, whole_caption_run, whole_speech_run)]
    assert [heading.split("]")[0] + "]" for heading in headings(html, 3)[:4]] == labels
    own = 4 + 1 + 2 + 1
    measures = 4
    assert len(pictures(html)) == measures + own
    first_row = (trained_pair_run / "predictions.tsv").read_text(encoding="utf-8").splitlines()[1].split("\t")
    assert all(text in html for text in first_row)
    tasks = re.findall(r"<caption[^>]*>(.*?)</caption>", html)
    assert tasks == [
        "Image classification",
        "Sequence transduction",
        "Image captioning",
        "Speech recognition",
    ]


def test_runs_of_one_name_are_told_apart(report, trained_run, here):
    other = shutil.copytree(trained_run, here / "elsewhere" / trained_run.name)
    html = report(trained_run, other, trained_run)
    assert headings(html, 3)[:2] == [f"{folder.parent.name}/{folder.name}" for folder in (trained_run, other)]
    assert len(headings(html, 3)) == 3, "two runs and one model"


def test_what_a_run_lacks_is_left_out(report, trained_run):
    for file in ("metrics.json", "history.csv", "confusion.png", "mistakes.png", "activations.png"):
        (trained_run / file).unlink()
    html = report(trained_run)
    assert len(pictures(html)) == 1
    assert "Curves" not in headings(html, 2)
    assert "1 unfinished" in html
    assert "it has not finished" in html
    assert 'class="num measured"' not in html, "no column without a figure"


def test_markdown_with_its_pictures_beside_it(report, trained_run, here):
    text = report(trained_run, "--out", "a new/page.md")
    places = re.findall(r"\]\((page/[^)]+)\)", text)
    assert len(places) == 5
    assert all((here / "a new" / place).is_file() for place in places)
    assert {path.name for path in (here / "a new").iterdir()} == {"page.md", "page"}


@pytest.fixture
def table(trained_run, here):
    """The folder of a table of which two rows were trained and one failed."""
    whole = load_table("R001-2.2")
    jobs = tuple(Job(row=row.name, seed=42, folder=f"{row.name}-42") for row in whole.pick(["lr0.1-*"]))
    root = here / "runs" / "tables" / "R001-2.2"
    for job in jobs[:2]:
        shutil.copytree(trained_run, root / job.folder)
    failures = {jobs[2].folder: "kzoo: <out of memory>"}
    Plan(table=whole, settings={}, backend="tensorflow", jobs=jobs, failures=failures).save(root)
    return root


@pytest.mark.parametrize("place", ["R001-2.2", "runs/tables/R001-2.2"])
def test_a_table_has_its_rows_with_verdicts(report, table, place):
    html = report(place)
    rows = re.findall(r'<th scope="row">\s*(?:<a href="#([^"]+)">)?(lr0[^<\s]+)', html)
    assert [row for _, row in rows] == ["lr0.1-dropout0.3", "lr0.1-dropout0.5", "lr0.1-dropout0.8"]
    assert [bool(anchor) for anchor, _ in rows] == [True, True, False]
    assert "2 not comparable" in html
    assert "1 failed" in html
    assert ".8986" in html, "published"
    assert "kzoo: &lt;out of memory&gt;" in html
    assert headings(html, 3)[:2] == ["lr0.1-dropout0.3", "lr0.1-dropout0.5"]
    assert html.count('<table class="results">') == 1, "its runs are in no second table"
    assert "kzoo reproduce R001-2.2" in html


def test_a_table_file_is_in_the_command(report, table, here):
    own = load_plan(table).model_copy(
        update={
            "words": ("reproduce", "my tables/own.yaml"),
            "settings": {"training.weight_decay": 1e-05, "training.clip_value": None},
        }
    )
    own.save(table)
    (command,) = re.findall(r"kzoo reproduce [^<]+", report(table))
    assert unescape(command).startswith(
        "kzoo reproduce 'my tables/own.yaml' --rows lr0.1-dropout0.3,lr0.1-dropout0.5,lr0.1-dropout0.8 "
        "--backend tensorflow --set training.weight_decay=1e-05 --set training.clip_value=null"
    )


@pytest.fixture
def sweep(trained_run, here):
    """The folder of a sweep of three points, of which the second is the best and the third has failed."""
    rates = (0.1, 0.01, 0.001)
    points = to_table("fashion-cnn", [{"training.learning_rate": x} for x in rates], "validation_accuracy")
    jobs = tuple(Job(row=row.name, seed=42, folder=f"{row.name}-42") for row in points.rows)
    root = here / "runs" / "sweeps" / "fashion-cnn"
    for job, (validation, test) in zip(jobs, ((0.6125, 0.7375), (0.6525, 0.6175)), strict=False):
        shutil.copytree(trained_run, root / job.folder)
        file = root / job.folder / "metrics.json"
        metrics = json.loads(file.read_text())
        metrics |= {"validation_accuracy": validation, "test_accuracy": test}
        file.write_text(json.dumps(metrics | {"test": {**metrics["test"], "accuracy": test}}))
    words = ("sweep", "fashion-cnn", "--grid", "training.learning_rate=0.1,0.01,0.001")
    failures = {jobs[2].folder: "out of memory"}
    Plan(table=points, settings={}, backend="tensorflow", jobs=jobs, failures=failures, words=words).save(
        root
    )
    return root


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_sweep_is_ranked_by_validation_and_tells_one_test(report, sweep, name):
    text = report(sweep, "--out", name)
    assert text.index(".6525") < text.index(".6125"), "the best first"
    assert "Ranked by the validation accuracy. The test accuracy of the best point is .6175" in text
    assert ".7375" not in text
    for absent in ("not comparable", "decides", "kzoo reproduce"):
        assert absent not in text
    assert "a run failed: out of memory" in text
    command = "kzoo sweep fashion-cnn --grid training.learning_rate=0.1,0.01,0.001 --backend tensorflow"
    assert command in text
    if name.endswith("html"):
        assert headings(text, 3)[0] == "learning_rate=0.01"
        assert "learning_rate=0.1" not in headings(text, 3)


def test_two_tables_with_rows_of_the_same_names(report, table, here):
    twin = load_plan(table)
    twin = twin.model_copy(update={"table": twin.table.model_copy(update={"name": "R009"})})
    shutil.copytree(table, here / "twin")
    twin.save(here / "twin")
    text = report(table, "twin", "--out", "page.md")
    (curves,) = [
        line for line in text.splitlines() if "after each epoch; a star marks the best. The last" in line
    ]
    for name in ("R001-2.2", "R009"):
        for row in ("lr0.1-dropout0.3", "lr0.1-dropout0.5"):
            assert f"{name} {row}" in curves


def test_a_table_that_was_made_twice(report, table, here):
    shutil.copytree(table, here / "again")
    html = report("R001-2.2", "again", "R001-2.2")
    assert html.count('<table class="results">') == 2
    names = [f"R001-2.2 in {place}" for place in ("runs/tables/R001-2.2", "again")]
    rows = ("lr0.1-dropout0.3", "lr0.1-dropout0.5")
    assert headings(html, 3)[:4] == [f"{name} {row}" for name in names for row in rows]
    assert all(f"{name}: Fashion-MNIST" in html for name in names)


def test_a_table_beside_a_run(report, table, trained_run):
    html = report(table, trained_run)
    assert html.count('<table class="results">') == 2
    assert headings(html, 3)[:3] == ["lr0.1-dropout0.3", "lr0.1-dropout0.5", trained_run.name]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-run"], "no-run is neither a run folder nor a reproduced table"),
        (["."], "is not a run folder"),
        (["RUN", "--out", "page.pdf"], "end it in .html or .md"),
        ([], "RUN|TABLE"),
    ],
)
def test_what_cannot_be_reported(kzoo, trained_run, here, words, said):
    done = kzoo("report", *(trained_run if word == "RUN" else word for word in words))
    assert done.exit_code == 2
    assert said in done.stderr
    assert not list(here.iterdir())


def test_a_report_without_jinja(kzoo, trained_run, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = kzoo("report", trained_run)
    assert (done.exit_code, done.stderr) == (4, "kzoo: a report needs jinja2: pip install 'kzoo[report]'\n")
    assert not list(here.iterdir())
