"""Generate Python code and a descriptor set from `protos/` into `gen/`: `python -m tools.protos`.

Output, the same bytes for the same input:
    gen/motcua/**             messages, type stubs and gRPC stubs of every .proto
    gen/motcua/buf/validate/  the messages of protovalidate's rules, which the code above imports
    gen/motcua/_entry.py      what the console scripts call: tools/entry.py
    gen/motcua.binpb          one FileDescriptorSet of everything, imports and comments included

protoc imports the rules' messages as `buf.validate`. They are placed below `motcua` and imported
from there, because the package index has another package called `buf`.

`gen/` is made beside its place and put there at the end by renaming, so a reader never sees half of
it. `--check` compares instead, and exits 1 when gen/ is not what protos/ gives.
"""

import argparse
import filecmp
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"
ENTRY = Path(__file__).with_name("entry.py")
STAMP = ".stamp"
DESCRIPTORS = "motcua.binpb"
TOP = "motcua"
RULES = "buf/validate/validate.proto"


class GenerationError(Exception):
    """protoc refused the input; its reason stands on stderr."""


def generate(protos: Path, out: Path) -> None:
    """Write the generated code of every .proto below `protos` into the folder `out`.

    Raise GenerationError when protoc finds a mistake.
    """
    sources = sorted(p.relative_to(protos).as_posix() for p in protos.rglob("*.proto"))
    (out / TOP).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="motcua-protos-") as scratch:
        rules = Path(scratch) / "rules.binpb"
        rules.write_bytes(protovalidate_rules())
        includes = [f"-I{path}" for path in (protos, *import_paths())]
        if sources:
            protoc(
                *includes,
                f"--descriptor_set_in={rules}",
                f"--python_out={out}",
                f"--pyi_out={out}",
                f"--grpc_python_out={out}",
                f"--descriptor_set_out={out / DESCRIPTORS}",
                "--include_imports",
                "--include_source_info",
                *sources,
            )
        protoc(
            f"--descriptor_set_in={rules}",
            f"--python_out={out / TOP}",
            f"--pyi_out={out / TOP}",
            RULES,
        )
    _import_rules_from(out)
    _make_packages(out)
    shutil.copyfile(ENTRY, out / TOP / "_entry.py")


def protovalidate_rules() -> bytes:
    """Return the FileDescriptorSet of buf/validate/validate.proto and what it imports.

    The wheel holds the rules as a descriptor, in a private module, and not as a .proto file: the
    version is pinned.
    """
    from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2
    from protovalidate._gen.buf.validate import validate_pb

    result = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(result.file.add())
    result.file.add().ParseFromString(validate_pb.desc().proto.to_binary())
    return result.SerializeToString(deterministic=True)


def import_paths() -> Iterator[Path]:
    """Yield the folders with the .proto files of google.protobuf (grpcio-tools) and google.rpc
    (googleapis-common-protos).
    """
    import google.rpc

    yield Path(str(files("grpc_tools") / "_proto"))
    yield Path(next(iter(google.rpc.__path__))).parent.parent


def protoc(*arguments: str) -> None:
    """Run protoc; raise GenerationError when it finds a mistake."""
    from grpc_tools.protoc import main as run

    status = run(["protoc", *arguments])
    if status != 0:
        raise GenerationError(f"protoc ended with status {status}")


def _import_rules_from(out: Path) -> None:
    """Have all generated code import the rules' messages from below `motcua`."""
    for pattern in ("*.py", "*.pyi"):
        for file in out.rglob(pattern):
            text = file.read_text("utf-8")
            changed = re.sub(
                r"^from buf\.validate import", f"from {TOP}.buf.validate import", text, flags=re.M
            )
            if changed != text:
                file.write_text(changed, "utf-8")


def _make_packages(out: Path) -> None:
    top = out / TOP
    (top / "py.typed").touch()
    for folder in [top, *(p for p in top.rglob("*") if p.is_dir())]:
        (folder / "__init__.py").touch()


def _replace(new: Path, place: Path) -> None:
    """Put `new` where `place` is. Readers see the old folder or the new one; a kill in between
    leaves none, and make starts again.
    """
    old = place.with_name(f".{place.name}.old.{os.getpid()}")
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _differences(a: Path, b: Path) -> list[str]:
    def tree(root: Path) -> set[str]:
        return {
            p.relative_to(root).as_posix()
            for p in root.rglob("*")
            if p.is_file() and "__pycache__" not in p.parts and p.name != STAMP
        }

    names_a, names_b = tree(a), tree(b)
    _, mismatch, errors = filecmp.cmpfiles(a, b, sorted(names_a & names_b), shallow=False)
    return sorted((names_a ^ names_b) | set(mismatch) | set(errors))


def update() -> list[str]:
    """Bring gen/ up to date and return the names of the files that were not.

    Raise GenerationError when protoc finds a mistake; gen/ is then as it was.
    """
    with _fresh() as fresh:
        different = _differences(fresh, GEN)
        if different:
            _replace(fresh, GEN)
        (GEN / STAMP).touch()
        return different


def outdated() -> list[str]:
    """Return the names of the files in gen/ that are not what protos/ gives."""
    with _fresh() as fresh:
        return _differences(fresh, GEN)


@contextmanager
def _fresh() -> Iterator[Path]:
    """Generate into a folder beside gen/, which is removed at the end if it is still there."""
    for leftover in ROOT.glob(".gen.*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=".gen.new.", dir=ROOT))
    fresh.chmod(0o755)
    try:
        generate(PROTOS, fresh)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def main() -> int:
    """Generate, or with --check compare. 0 done or equal, 1 protoc refused or different."""
    parser = argparse.ArgumentParser(description="Generate gen/ from protos/")
    parser.add_argument(
        "--check", action="store_true", help="compare only; exit 1 when gen/ is out of date"
    )
    try:
        if not parser.parse_args().check:
            update()
            return 0
        different = outdated()
    except GenerationError as error:
        print(f"protos: {error}", file=sys.stderr)
        return 1
    for name in different:
        print(f"protos: gen/{name} is out of date (make protos)", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
