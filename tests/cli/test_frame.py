"""The frame of the command line: finding commands, options, failures, exit codes."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from skelgraph.cli import group, options, output
from skelgraph.cli.group import COMMANDS, LazyGroup, root
from skelgraph.errors import StoreError
from tests.modules import ROOT

PROBE = '''
import json, os, sys, time
import click
from skelgraph.cli import options
from skelgraph.errors import StoreError

@click.command()
@click.argument("store", required=False)
@click.option("--epochs", type=int, default=10)
@click.option("--batch-size", type=int, default=16)
@click.option("--stream", "streams", multiple=True)
@click.option("--colour", type=options.Choice(["red", "green"]), default="red")
@click.option("--fail", default="")
@click.option("--seed", type=click.IntRange(min=0), default=0)
@options.device_option
@options.output_option("Where to.")
@options.force_option
@options.report_options
def command(fail, **given):
    """Probe the frame."""
    if fail == "input":
        raise StoreError("store 'x': expected a folder, got nothing. Give one.")
    if fail == "disk":
        raise OSError(28, os.strerror(28), "out/keypoints.npy")
    if fail == "bug":
        raise RuntimeError("a bug")
    if fail == "memory":
        raise MemoryError
    if fail == "threshold":
        raise click.exceptions.Exit(3)
    if fail == "wait":
        print("ready", flush=True)
        time.sleep(30)
    if fail == "flood":
        for _ in range(100000):
            click.echo("line")
    click.echo(json.dumps(given, default=str))
'''


@pytest.fixture(autouse=True)
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A command named `probe` in the table for the length of a test."""
    (tmp_path / "frame_probe.py").write_text(PROBE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(COMMANDS, "probe", ("frame_probe", "Probe the frame."))
    yield tmp_path
    sys.modules.pop("frame_probe", None)


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = root.run(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def values(*words: str, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    code, out, err = run("probe", *words, capsys=capsys)
    assert code == 0, err
    given: dict[str, object] = json.loads(out)
    return given


def test_option_beats_environment_beats_config_beats_default(
    probe: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = probe / "c.yaml"
    config.write_text("epochs: 2\nbatch-size: 3\nseed: 4\nstreams: [joint, bone]\n")
    assert values(capsys=capsys)["epochs"] == 10
    found = values("--config", str(config), capsys=capsys)
    assert (found["epochs"], found["batch_size"], found["seed"]) == (2, 3, 4)
    assert found["streams"] == ["joint", "bone"]
    monkeypatch.setenv("SKELGRAPH_PROBE_EPOCHS", "5")
    assert values("--config", str(config), capsys=capsys)["epochs"] == 5
    assert values("--config", str(config), "--epochs", "6", capsys=capsys)["epochs"] == 6


def test_unknown_config_keys_come_in_one_message(
    probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = probe / "c.yaml"
    config.write_text("epoch: 2\nbatchsize: 3\ncolour: {a: 1}\n")
    code, out, err = run("probe", "--config", str(config), capsys=capsys)
    assert (code, out) == (1, "")
    assert "'epoch'" in err and "Did you mean 'epochs'?" in err
    assert "'batchsize'" in err and "Did you mean 'batch_size'?" in err
    assert "key 'colour': expected a value" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- epochs", "expected a mapping of options to values, got list"),
        ("a: [", "expected YAML"),
        (b"\xff\xfe\x00", "expected YAML"),
    ],
)
def test_config_that_is_no_mapping(
    probe: Path, capsys: pytest.CaptureFixture[str], text: str | bytes, message: str
) -> None:
    config = probe / "c.yaml"
    config.write_bytes(text.encode() if isinstance(text, str) else text)
    code, _, err = run("probe", "--config", str(config), capsys=capsys)
    assert code == 1
    assert message in err
    assert len(err.splitlines()) == 1


def test_config_of_wrong_type_is_a_usage_error(
    probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = probe / "c.yaml"
    config.write_text("epochs: many\n")
    code, _, err = run("probe", "--config", str(config), capsys=capsys)
    assert code == 2
    assert "--epochs" in err


def test_config_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run("probe", "--config", "nowhere.yaml", capsys=capsys)
    assert code == 1
    assert err == "Error: nowhere.yaml: No such file or directory.\n"


def test_empty_config_and_keys_without_value(
    probe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = probe / "c.yaml"
    for text in ("", "epochs:\n"):
        config.write_text(text)
        assert values("--config", str(config), capsys=capsys)["epochs"] == 10


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prob",), "Did you mean 'probe'?"),
        (("probe", "--epoch", "3"), "--epochs"),
        (("probe", "--colour", "gren"), "Did you mean 'green'?"),
        (("probe", "--device", "cuda:x"), "Did you mean 'cuda'?"),
        (("probe", "--seed", "-1"), "--seed"),
        (("probe", "one", "two"), "two"),
    ],
)
def test_wrong_usage_is_2_and_names_the_nearest(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(*words, capsys=capsys)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:1", "mps"])
def test_devices(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert values("--device", name, capsys=capsys)["device"] == name


@pytest.mark.parametrize(
    ("fail", "line"),
    [
        ("input", "Error: store 'x': expected a folder, got nothing. Give one."),
        ("disk", "Error: out/keypoints.npy: No space left on device. Free some space, then run it"),
        ("memory", "Error: memory: exhausted."),
    ],
)
def test_wrong_input_is_1_in_one_line(
    fail: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("probe", "--fail", fail, capsys=capsys)
    assert (code, out) == (1, "")
    assert err.startswith(line)
    assert len(err.splitlines()) == 1


def test_missed_threshold_is_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("probe", "--fail", "threshold", capsys=capsys)[0] == 3


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        root.run(["probe", "--fail", "bug"])


def test_stand_alone_group_exits_with_the_same_codes() -> None:
    with pytest.raises(SystemExit) as stop:
        root.main(args=["probe", "--fail", "input"])
    assert stop.value.code == 1


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    code = (
        f"import signal, sys; sys.path[:0] = [{str(ROOT)!r}, {str(folder)!r}]\n"
        # A shell that started the tests in the background has switched interrupts off.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from skelgraph.cli.group import COMMANDS\n"
        "from skelgraph.cli import main\n"
        "COMMANDS['probe'] = ('frame_probe', 'Probe the frame.')\n"
        "sys.exit(main())\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_interrupt_is_130_without_traceback(probe: Path) -> None:
    process = start(probe, "probe", "--fail", "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_reader_that_leaves_is_no_error(probe: Path) -> None:
    process = start(probe, "probe", "--fail", "flood")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=20)
    assert err == ""


def test_json_is_plain_and_says_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"top1": np.float32(0.5), "f1": np.array([1.0, np.nan]), "at": Path("a")})
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema_version": 1, "top1": 0.5, "f1": [1.0, None], "at": "a"}
    assert next(iter(document)) == "schema_version"


def test_table_aligns_numbers_to_the_right() -> None:
    text = output.format_table(("name", "clips"), [("a", 5), ("longer", 120), ("b", None)])
    assert text.splitlines() == ["name    clips", "a           5", "longer    120", "b           -"]
    assert output.format_table(("name", "clips"), []) == "name  clips"


def test_notes_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    output.note("said")
    output.note("unsaid", quiet=True)
    assert list(output.track([1, 2], "counting")) == [1, 2]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "said\n")


def test_group_help_imports_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--help", capsys=capsys)
    assert code == 0
    assert "Probe the frame." in out
    assert "frame_probe" not in sys.modules


def test_failure_exit_code_of_a_bug_is_none() -> None:
    assert group.exit_code_of(RuntimeError()) is None
    assert group.exit_code_of(StoreError("x")) == 1
    assert group.exit_code_of(OSError(errno.ENOSPC, "full")) == 1
    assert group.exit_code_of(KeyboardInterrupt()) == 130


def test_output_option_needs_no_default() -> None:
    @click.command()
    @options.output_option("Where to.", default="out")
    def command(output: Path) -> None:
        click.echo(output)

    assert isinstance(root, LazyGroup)
    assert command.params[0].default == "out"


def _seconds(words: list[str]) -> float:
    """Processor time of a Python process: on a busy machine the clock measures the others."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


HELP_LIMIT = 3.0
REPEATS = 7


def _median_ratio(words: list[str]) -> float:
    """Median time of a help page over that of a bare click, taken in turns."""
    pairs = [
        (_seconds(["-m", "skelgraph", *words]), _seconds(["-c", "import click"]))
        for _ in range(REPEATS)
    ]
    help_times, bare_times = (sorted(times) for times in zip(*pairs, strict=True))
    return help_times[REPEATS // 2] / bare_times[REPEATS // 2]


@pytest.mark.parametrize("name", ["", *(name for name in COMMANDS if name != "probe")])
def test_help_opens_at_once(name: str) -> None:
    ratio = _median_ratio([*name.split(), "--help"])
    assert ratio <= HELP_LIMIT, f"{name or 'skelgraph'} --help takes {ratio:.1f} times a bare click"


def test_prefix_of_the_environment() -> None:
    assert root.context_settings["auto_envvar_prefix"] == "SKELGRAPH"
    assert os.environ.get("SKELGRAPH_PROBE_EPOCHS") is None
