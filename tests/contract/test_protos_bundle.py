"""The contracts as partners get them: a folder that compiles by itself, with the tools of each."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tests.support.paths import ROOT
from tools.proto_text import with_options
from tools.protos_bundle import write_bundle

NODE = Path(__file__).with_name("node_partner")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked zip, with nothing beside it."""
    written, archive = write_bundle(tmp_path_factory.mktemp("written"))
    folder = tmp_path_factory.mktemp("partner")
    zipfile.ZipFile(archive).extractall(folder)
    return folder / written.name


def _names(bundle: Path) -> list[str]:
    return sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*.proto"))


def test_the_bundle_is_the_same_each_time(tmp_path: Path) -> None:
    """Two runs write the same bytes."""
    first, second = (write_bundle(tmp_path / name)[1].read_bytes() for name in ("one", "two"))
    assert first == second


def test_it_compiles_with_protoc(bundle: Path, tmp_path: Path) -> None:
    """Python code is generated from the bundle alone, can be imported, and has the rules."""
    out = ("--python_out", "--grpc_python_out")
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I."]
        + [f"{option}={tmp_path}" for option in out]
        + _names(bundle),
        cwd=bundle,
        check=True,
    )
    code = (
        "from motcua.intake.v1 import intake_pb2, intake_pb2_grpc\n"
        "from buf.validate import validate_pb2 as rules\n"
        "fields = intake_pb2.SubmitDossierRequest.DESCRIPTOR.fields\n"
        "print(any(f.GetOptions().HasExtension(rules.field) for f in fields))\n"
    )
    installed = [path for path in sys.path if path.endswith("-packages")]
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {installed}\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "True\n", done.stderr


def test_it_compiles_with_buf(bundle: Path, tmp_path: Path) -> None:
    """`buf build` takes the folder without settings, and it means what our own contracts mean."""
    built = tmp_path / "built.binpb"
    buf = Path(sys.executable).with_name("buf")
    subprocess.run([buf, "build", bundle, "--as-file-descriptor-set", "-o", built], check=True)
    theirs = FileDescriptorSet.FromString(built.read_bytes())
    ours = FileDescriptorSet.FromString((ROOT / "gen" / "motcua.binpb").read_bytes())
    names = [file.name for file in ours.file if file.name.startswith("motcua/")]
    assert {name: _content(theirs, name) for name in names} == {
        name: _content(ours, name) for name in names
    }


def _content(files: FileDescriptorSet, name: str) -> bytes:
    file = with_options(files, name)
    file.ClearField("source_code_info")
    content: bytes = file.SerializeToString(deterministic=True)
    return content


def test_it_loads_in_node(bundle: Path, tmp_path: Path) -> None:
    """The loader that most Node programs use reads it, with every service."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no Node on this machine")
    program = shutil.copytree(NODE, tmp_path / "program")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    fetched = subprocess.run([npm, "ci", *options], cwd=program, capture_output=True, text=True)
    if fetched.returncode != 0 and "EINTEGRITY" not in fetched.stderr:
        pytest.skip(f"the loader cannot be fetched: {fetched.stderr[:300]}")
    assert fetched.returncode == 0, fetched.stderr
    done = subprocess.run(
        [node, "load.cjs", bundle], cwd=program, capture_output=True, text=True, check=True
    )
    services = {
        f"{file.package}.{service.name}"
        for file in FileDescriptorSet.FromString((ROOT / "gen" / "motcua.binpb").read_bytes()).file
        if file.name.startswith("motcua/")
        for service in file.service
    }
    assert set(json.loads(done.stdout)) == services
