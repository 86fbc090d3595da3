"""The tools of `make protos` and `make lint`, tried on files that are wrong on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from tools import lint, protos
from tools.proto_rules.comments import missing_comments
from tools.proto_rules.request_bounds import unbounded
from tools.protos import GenerationError, generate

PROTO = """\
syntax = "proto3";
package motcua.scratch.v1;

import "buf/validate/validate.proto";
import "google/rpc/status.proto";

// A parcel.
message Parcel {
  // Its number.
  string number = 1 [(buf.validate.field).string.min_len = 13];
  google.rpc.Status bare = 2;
  // By name.
  map<string, string> named = 3;
}

enum Kind {
  // Not said.
  KIND_UNSPECIFIED = 0;
}
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "protos"
    file = folder / "motcua" / "scratch" / "v1" / "parcel.proto"
    file.parent.mkdir(parents=True)
    file.write_text(PROTO)
    return folder


ENDLESS = """\
syntax = "proto3";
package motcua.scratch.v1;

import "buf/validate/validate.proto";

service Desk {
  rpc Ask(Request) returns (Answer);
}
message Request {
  repeated int32 many = 1;
  map<string, string> pairs = 2;
  string text = 3 [(buf.validate.field).string.pattern = "^[a+*]+$"];
  bytes raw = 4 [(buf.validate.field).bytes.min_len = 1];
  Inner inner = 5;
  message Inner {
    repeated string words = 1 [(buf.validate.field).repeated.max_items = 3];
    Request again = 2;
  }
  repeated string some = 6 [
    (buf.validate.field).repeated = {max_items: 3, items: {string: {max_len: 5}}}
  ];
  map<string, bytes> few = 7 [
    (buf.validate.field).map = {max_pairs: 2, keys: {string: {uuid: true}}},
    (buf.validate.field).map.values.bytes.len = 4
  ];
  string plain = 8 [(buf.validate.field).string.pattern = "^[a+*]{1,4}$"];
}
message Answer {
  repeated string lines = 1;
}
"""


def test_what_a_caller_sends_has_a_bound(sources: Path, tmp_path: Path) -> None:
    """Fields of requests, at any depth, that may be of any size are named; answers are ours."""
    (sources / "motcua" / "scratch" / "v1" / "parcel.proto").write_text(ENDLESS)
    generate(sources, tmp_path / "gen")
    files = FileDescriptorSet.FromString((tmp_path / "gen" / "motcua.binpb").read_bytes()).file
    prefix = "motcua.scratch.v1.Request"
    assert unbounded(files) == [
        f"{prefix}.Inner.words has no max_len",
        f"{prefix}.many has no max_items",
        f"{prefix}.pairs (key) has no max_len",
        f"{prefix}.pairs (value) has no max_len",
        f"{prefix}.pairs has no max_pairs",
        f"{prefix}.raw has no max_len",
        f"{prefix}.text has no max_len",
    ]


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_generated_code_validates(sources: Path, tmp_path: Path) -> None:
    """A rule of protovalidate in a .proto holds for the message that is generated from it."""
    generate(sources, tmp_path / "gen")
    code = (
        "import protovalidate\n"
        "from motcua.scratch.v1.parcel_pb2 import Parcel\n"
        "(violation,) = protovalidate.collect_violations(Parcel(number='RR'))\n"
        "print(violation.proto.field.elements[0].field_name, violation.proto.rule_id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path / "gen")},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "number string.min_len\n", done.stderr


def test_generation_is_repeatable(sources: Path, tmp_path: Path) -> None:
    """The same protos give the same bytes."""
    generate(sources, tmp_path / "one")
    generate(sources, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_mistake_in_a_proto(sources: Path, tmp_path: Path) -> None:
    """A .proto that does not compile ends the generation."""
    (sources / "motcua" / "scratch" / "v1" / "bad.proto").write_text('syntax = "proto3"; message {')
    with pytest.raises(GenerationError):
        generate(sources, tmp_path / "gen")


def test_generated_code_is_current() -> None:
    """gen/ is what protos/ gives now."""
    done = subprocess.run([sys.executable, "-m", "tools.protos", "--check"], cwd=lint.ROOT)
    assert done.returncode == 0


def test_uncommented_elements_are_named(sources: Path, tmp_path: Path) -> None:
    """Each field, enum and value without a comment is named; the ones with a comment are not."""
    generate(sources, tmp_path / "gen")
    files = FileDescriptorSet.FromString((tmp_path / "gen" / protos.DESCRIPTORS).read_bytes()).file
    (file,) = [file for file in files if file.package == "motcua.scratch.v1"]
    assert missing_comments(file) == ["motcua.scratch.v1.Parcel.bare", "motcua.scratch.v1.Kind"]


def test_registry_host_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A registry's host anywhere, and any address in a lock file, fails the check with its line."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "requirements.lock").write_text("a==1\n# from https://example.org/simple\n")
    (tmp_path / "notes.md").write_text("\n\nfrom " + "files.pythonhosted" + ".org\n")
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    assert not lint.registries()
    found = capfd.readouterr().err
    assert "requirements.lock:2" in found
    assert "notes.md:3" in found


def test_no_registry_host_here() -> None:
    """This repository names no registry host."""
    assert lint.registries()


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with this repository's contracts only; the path of their descriptors."""
    for name in ("protos/buf.yaml", "gen/motcua.binpb", "tests/golden/descriptors.binpb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lint.ROOT / name, tmp_path / name)
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    return tmp_path / "gen/motcua.binpb"


def test_a_broken_contract_is_found(contracts: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A field with another type than in the last release fails the check and is named."""
    files = FileDescriptorSet.FromString(contracts.read_bytes())
    (file,) = [file for file in files.file if file.name == "motcua/operations/v1/operations.proto"]
    field = next(f for m in file.message_type for f in m.field if f.type == f.TYPE_STRING)
    field.type = field.TYPE_BYTES
    contracts.write_bytes(files.SerializeToString())
    assert not lint.contracts()
    assert f'"{field.name}" on message' in capfd.readouterr().out


def test_contracts_are_never_left_unchecked(
    contracts: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The check passes on these contracts, and fails where buf is missing."""
    assert lint.contracts()
    monkeypatch.setattr(lint, "BIN", contracts.parent)
    assert not lint.contracts()
    assert "make setup" in capfd.readouterr().err


def test_hooks_before_a_commit_are_this_project_s_own() -> None:
    """They fetch nothing, and call programs and checks that are there."""
    config = yaml.safe_load((lint.ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    for repo in config["repos"]:
        for hook in repo["hooks"]:
            program, *arguments = hook["entry"].split()
            assert program == "make" or (lint.ROOT / program).exists(), hook
            if arguments[:2] == ["-m", "tools.lint"]:
                assert set(arguments[2:]) <= lint.CHECKS.keys()
