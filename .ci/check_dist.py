"""Check that a wheel and a source archive hold every file of the package."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"skelgraph": "skelgraph", "graphs": "skelgraph/graphs", "cli": "skelgraph/cli"}
KINDS = (".py", ".yaml", ".typed", ".safetensors", ".html", ".css", ".js")
FRAME = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt")


def package_files() -> dict[str, str]:
    """Map every file of the package in the checkout to its place in the wheel."""
    return {
        f"{folder}/{path.relative_to(ROOT / folder)}": f"{target}/{path.relative_to(ROOT / folder)}"
        for folder, target in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in KINDS
    }


def main(folder: Path) -> int:
    """Compare the archives of a folder with the checkout; 1 if anything is missing."""
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    in_wheel = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(source) as archive:
        in_source = {name.partition("/")[2] for name in archive.getnames()}
    files = package_files()
    missing = [f"wheel: {name}" for name in files.values() if name not in in_wheel]
    missing += [f"sdist: {name}" for name in (*files, *FRAME) if name not in in_source]
    extra = [n for n in in_wheel if n.partition("/")[0] in ("tests", "docs", "cli", "graphs")]
    print(*missing, *(f"wheel should not hold {name}" for name in extra), sep="\n")
    print(f"{len(files)} files of the package checked in {wheel.name} and {source.name}")
    return 1 if missing or extra else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
