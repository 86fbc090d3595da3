"""Write the contracts, with everything that they import, for somebody outside this project.

`python -m tools.protos_bundle [FOLDER]` writes `motcua-protos-VERSION` and a zip of it into FOLDER,
by default dist/. What is in it compiles by itself with protoc, `buf build` and loaders of other
languages: google/protobuf comes with every one of these. Two runs give the same bytes.
"""

import re
import shutil
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools.proto_text import proto_text, with_options
from tools.protos import PROTOS, ROOT, RULES, import_paths, protoc, protovalidate_rules

README = """\
The contracts of Một Cửa (motcua), version {version}.

motcua/         events and services
buf/validate/   the validation rules that they use (protovalidate, Apache License 2.0), written from
                their descriptor: without comments

google/protobuf is not here, because every compiler has it. For Python:

    python -m grpc_tools.protoc -I. --python_out=OUT --grpc_python_out=OUT \\
        $(find motcua buf -name '*.proto')

`buf build` needs no settings. Loaders such as @grpc/proto-loader take this folder as includeDirs.
"""
_IMPORT = re.compile(r'^import (?:public |weak )?"([^"]+)";', re.M)
_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""


class BundleError(Exception):
    """The bundle does not compile by itself, or means something else than the contracts here."""


def write_bundle(folder: Path) -> tuple[Path, Path]:
    """Write the bundle below a folder and return its own folder and its zip.

    Raise BundleError when it would not be of use to a partner.
    """
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    bundle = folder / f"motcua-protos-{version}"
    shutil.rmtree(bundle, ignore_errors=True)
    shutil.copytree(PROTOS / "motcua", bundle / "motcua")
    (bundle / "README.txt").write_text(README.format(version=version), "utf-8")
    rules = FileDescriptorSet.FromString(protovalidate_rules())
    (bundle / RULES).parent.mkdir(parents=True)
    (bundle / RULES).write_text(proto_text(with_options(rules, RULES)), "utf-8")
    _copy_imports(bundle)
    if _content(_compiled(bundle)) != _content(rules):
        raise BundleError(f"{RULES} does not say what its descriptor says")
    return bundle, _zip(bundle)


def _copy_imports(bundle: Path) -> None:
    """Bring the files that are imported and in no compiler, such as google/rpc/status.proto."""
    waiting = sorted(bundle.rglob("*.proto"))
    while waiting:
        for name in _IMPORT.findall(waiting.pop().read_text("utf-8")):
            place = bundle / name
            if place.exists() or name.startswith("google/protobuf/"):
                continue
            found = [path / name for path in import_paths() if (path / name).is_file()]
            if not found:
                raise BundleError(f"{name} is imported and cannot be found")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found[0], place)
            waiting.append(place)


def _compiled(bundle: Path) -> FileDescriptorSet:
    """Compile the bundle, with google/protobuf and nothing else beside it."""
    names = sorted(p.relative_to(bundle).as_posix() for p in bundle.rglob("*.proto"))
    with tempfile.TemporaryDirectory(prefix="motcua-protos-") as scratch:
        out = Path(scratch) / "bundle.binpb"
        well_known = next(iter(import_paths()))
        protoc(
            f"-I{bundle}",
            f"-I{well_known}",
            f"--descriptor_set_out={out}",
            "--include_imports",
            *names,
        )
        return FileDescriptorSet.FromString(out.read_bytes())


def _content(files: FileDescriptorSet) -> bytes:
    content: bytes = with_options(files, RULES).SerializeToString(deterministic=True)
    return content


def _zip(bundle: Path) -> Path:
    path = bundle.with_name(f"{bundle.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in bundle.rglob("*") if p.is_file()):
            name = file.relative_to(bundle.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name, _TIME), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return path


def main(arguments: list[str]) -> int:
    """Write the bundle and print where it is; 1 when it cannot be written."""
    try:
        _, archive = write_bundle(Path(arguments[0]) if arguments else ROOT / "dist")
    except BundleError as error:
        print(f"protos-bundle: {error}", file=sys.stderr)
        return 1
    print(archive)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
