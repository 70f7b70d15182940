"""The part of `fuzz_formats.py` that reads: one process, one format, a thousand damaged inputs."""

from __future__ import annotations

import faulthandler
import json
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import FORMATS, ReadOptions, convert, detect, read
from skelgraph.errors import SkelgraphError
from tests.data.formats.damaging import Damage, damaged, some_damage
from tests.data.formats.sound import SOUND

if TYPE_CHECKING:
    from fuzz_formats import Tally

LONGEST_MESSAGE = 6000
EVERY = 8
"""Of the readings, every eighth is written to a store; of the inputs, every eighth is shown to
all readers, who must tell whether it is theirs."""


class HangError(BaseException):
    """Raised by the clock; no reader catches it."""


class WrongError(Exception):
    """A reading that is not well formed, or too dear."""


class Child:
    """Damages sources of one format and reads them.

    Args:
        tally: Counts, of one format.
        scratch: An empty folder, best in memory.
        keep: Where failing inputs go.
        number: Seed of the draws.
        seconds: Limit of an input.
        floor: Memory in MB that a reading may take whatever the source's size.
    """

    def __init__(
        self, tally: Tally, scratch: Path, keep: Path, number: int, seconds: int, floor: int
    ) -> None:
        self.tally, self.keep, self.number = tally, keep, number
        self.seconds, self.floor = seconds, floor
        self.now, self.scratch = scratch / "now", scratch
        self.seen: Counter[str] = Counter()
        self.forms = []
        for form in range(len(SOUND[tally.format])):
            folder = scratch / f"form{form}"
            folder.mkdir()
            path, options = SOUND[tally.format][form](folder)
            content = {
                file.relative_to(folder): file.read_bytes()
                for file in sorted(folder.rglob("*"))
                if file.is_file()
            }
            self.forms.append((folder, path, options, content))
        self.others = list(_others(scratch))

    def run(self, examples: int) -> Tally:
        """Read that many inputs."""
        signal.signal(signal.SIGALRM, _ring)
        warnings.simplefilter("error")
        for _, path, options, _ in self.forms:
            self._take(path, options, all_steps=True)  # imports, caches and pools are there now
        self.tally.stores = 0
        self.before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        start = time.process_time()

        @seed(self.number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            form=st.integers(0, len(self.forms) - 1),
            file=st.integers(0, 15),
            damages=st.lists(some_damage(), min_size=1, max_size=3),
            whole=st.integers(0, 99),
        )
        def each(form: int, file: int, damages: list[Damage], whole: int) -> None:
            if self.tally.inputs < examples:
                self._input(form, file, damages, whole)

        while self.tally.inputs < examples:  # Hypothesis ends early where it repeats itself
            seed(self.number + 500_000 * self.tally.inputs)(each)()
        self.tally.seconds = time.process_time() - start
        return self.tally

    def _input(self, form: int, file: int, damages: list[Damage], whole: int) -> None:
        folder, path, options, content = self.forms[form]
        name = sorted(content)[file % len(content)]
        raw = content[name]
        for damage in damages:
            raw = damaged(raw, damage)
        if whole < 2:
            raw = self.others[damages[0].value % len(self.others)]
        if whole == 2:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(raw)
        facts = {"format": self.tally.format, "form": form, "file": str(name), "whole": whole}
        facts |= {"damages": [repr(damage) for damage in damages], "seed": self.number}
        self._prepare_keeping(folder, facts)
        try:
            self._judge(path, options, folder, facts)
        finally:
            (folder / name).write_bytes(content[name])

    def _prepare_keeping(self, folder: Path, facts: dict[str, Any]) -> None:
        """Let the starter find what this process was at, should it end."""
        if self.now.is_symlink():
            self.now.unlink()
        self.now.symlink_to(folder)
        (self.scratch / "case.json").write_text(json.dumps(facts))

    def _judge(self, path: Path, options: ReadOptions, folder: Path, facts: dict[str, Any]) -> None:
        tally = self.tally
        tally.inputs += 1
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        Path("/proc/self/clear_refs").write_text("5")
        memory = _memory()["VmRSS"]
        faulthandler.dump_traceback_later(3 * self.seconds, exit=True)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        start = time.perf_counter()
        try:
            self._take(path, options, all_steps=tally.inputs % EVERY == 0)
        except SkelgraphError as error:
            tally.errors += 1
            _check_error(error, self._fail, facts, folder)
        except (Exception, HangError) as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._fail(error, facts, folder)
        else:
            tally.readings += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()
        tally.slowest_ms = max(tally.slowest_ms, 1000 * (time.perf_counter() - start))
        used = (_memory()["VmHWM"] - memory) / 1024
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        used = max(used, (children - self.before) / 1024)
        tally.peak_mb = max(tally.peak_mb, used)
        if used > max(self.floor, 10 * size / 2**20):
            self._fail(WrongError(f"{used:.0f} MB for {size} bytes"), facts, folder)

    def _take(self, path: Path, options: ReadOptions, *, all_steps: bool) -> None:
        """Read a source whole and see that it is sound."""
        if all_steps:
            _ask_all(path)
        reading = read(path, format=self.tally.format, options=options)
        clips = list(reading.clips)
        _check(clips, reading.class_names)
        report = reading.report
        if report.clips != len(clips) or bool(clips) != bool(report.survey):
            raise WrongError("the report does not count the clips")
        if not clips and not report.dropped:
            raise WrongError("neither clips nor a reason why there are none")
        json.dumps(report.to_dict(), allow_nan=False)
        if all_steps and clips:
            store = convert(
                path, self.scratch / "store", format=self.tally.format, options=options, force=True
            )
            self.tally.stores += 1
            if store.num_clips != len(clips):
                raise WrongError(f"{store.num_clips} clips in the store, {len(clips)} read")

    def _fail(self, error: BaseException, facts: dict[str, Any], folder: Path) -> None:
        self.tally.failures += 1
        frames = list(traceback.extract_tb(error.__traceback__))
        ours = [frame for frame in frames if "/skelgraph/" in frame.filename] or frames[-1:]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else str(error)[:20]
        key = f"{type(error).__name__} {where}"
        self.seen[key] += 1
        if self.seen[key] > 1:
            return
        kept = self.keep / f"{self.tally.format}_{self.number}_{self.tally.inputs}"
        shutil.copytree(folder, kept / "source", dirs_exist_ok=True)
        text = "".join(traceback.format_exception(error))
        (kept / "case.json").write_text(json.dumps({**facts, "why": key, "text": text}, indent=1))
        self.tally.kept.append(str(kept))


def _ring(*_: object) -> NoReturn:
    raise HangError


def _memory() -> dict[str, int]:
    """Give VmHWM and VmRSS in KiB."""
    text = Path("/proc/self/status").read_text()
    return {key: int(text.split(key + ":")[1].split()[0]) for key in ("VmHWM", "VmRSS")}


def _others(scratch: Path) -> list[bytes]:
    """Contents that are no file of the format, or of another one, or of none."""
    found = [b"", b"\0" * 5000, b"\xff\xfe" + b"a\0" * 500, b"\n" * 3000, b"0" * 3000]
    for name in ("nw_ucla", "npz", "mmaction_pickle", "irds", "utd_mhad", "mediapipe_npy"):
        with TemporaryDirectory(dir=scratch) as folder:
            SOUND[name][0](Path(folder))
            files = sorted(file for file in Path(folder).rglob("*") if file.is_file())
            found.append(files[0].read_bytes())
    return found


def _ask_all(path: Path) -> None:
    for module in FORMATS.values():
        if module.recognises(path) not in (True, False):
            raise WrongError("a reader does not say whether it recognises a source")
    try:
        detect(path)
    except SkelgraphError:
        return


def _check_error(error: SkelgraphError, fail: Any, facts: dict[str, Any], folder: Path) -> None:
    """See that a message says what is wrong, shortly, and hides no lack of memory."""
    text = str(error)
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, MemoryError):
            fail(behind, facts, folder)
            return
        behind = behind.__cause__ or behind.__context__
    if "expected" not in text or "got" not in text or len(text) > LONGEST_MESSAGE:
        fail(error, facts, folder)


def _check(clips: list[Clip], class_names: tuple[str, ...]) -> None:
    """See that clips keep the rules that hold for those of one store."""
    for clip in clips:
        points, score = clip.keypoints, clip.confidence
        if points.dtype != np.float32 or np.isinf(points).any() or not clip.seen.any():
            raise WrongError(f"keypoints {points.dtype}, infinite or nowhere seen")
        if (np.isnan(points).any(-1) != np.isnan(points).all(-1)).any():
            raise WrongError("half a joint")
        if score is not None and not ((score >= 0) & (score <= 1)).all():
            raise WrongError("a confidence outside 0 to 1")
        if clip.fps is not None and not 0 < clip.fps < float("inf"):
            raise WrongError(f"{clip.fps} frames a second")
        if clip.label is not None and not 0 <= clip.label < len(class_names):
            raise WrongError(f"label {clip.label} of {len(class_names)} classes")
        if any(side is not None and side < 1 for side in (clip.width, clip.height)):
            raise WrongError(f"a picture of {clip.width} x {clip.height}")
    if len({clip.name for clip in clips}) != len(clips):
        raise WrongError("two clips of one name")
    if len({(c.layout.name, c.units, c.axes, c.fps, c.width, c.height) for c in clips}) > 1:
        raise WrongError("clips that one store cannot hold")


def again(kept: Path) -> int:
    """Read an input that was kept; its error comes out as it is."""
    from fuzz_formats import FLOOR_MB, SECONDS, Tally

    facts = json.loads((kept / "case.json").read_text())
    with TemporaryDirectory() as scratch:
        child = Child(Tally(facts["format"]), Path(scratch), kept, 0, SECONDS, FLOOR_MB)
        folder, path, options, _ = child.forms[facts["form"]]
        shutil.rmtree(folder)
        shutil.copytree(kept / "source", folder)
        warnings.simplefilter("error")
        try:
            child._take(path, options, all_steps=True)
        except SkelgraphError as error:
            print(f"refused: {error}")
        else:
            print("read")
    return 0
