"""FileService over gRPC: files that are handed in and opened, in streams."""

# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceServicer, add_FileServiceServicer_to_server

from kernel.auth.identity import caller
from kernel.base.errors import Invalid, NotFound, Refused, Violation
from kernel.base.instants import local_date
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.handler import FunctionHandler
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.peer import address_of
from kernel.rpc.registration import Service
from office.catalogue.dossier_code import OFFICE_ZONE
from office.content.kinds import media_type_of
from office.normalization.formats import normalizer_of
from office.people.access_scope import access_scope_of
from office.people.rights import sees_part_only
from services.intake.application.files import uploads
from services.intake.application.files.inspection import NotTaken
from services.intake.application.files.transfers import FileTransfers
from services.intake.application.files.uploads import Upload
from services.intake.application.handlers import DossierHandlers
from services.intake.application.pin_access import PinAccess
from services.intake.domain.file_rules import MB
from services.intake.domain.refusals import TEXTS, refusal, violation
from services.intake.queries import files
from services.intake.queries.dossier import Row
from services.intake.rpc import row_in_scope

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["FileService"]


class FileServicer(FileServiceServicer):
    """What citizens and officers do with files."""

    def __init__(
        self,
        handlers: DossierHandlers,
        commands: Commands,
        reads: Reads,
        writer: Writer,
        pins: PinAccess,
        keyring: Keyring,
        transfers: FileTransfers,
    ) -> None:
        self._handlers = handlers
        self._commands = commands
        self._reads = reads
        self._writer = writer
        self._pins = pins
        self._keyring = keyring
        self._transfers = transfers

    async def UploadFile(
        self, requests: AsyncIterator[pb.UploadFileRequest], context: Context
    ) -> pb.UploadFileResponse:
        """Take a file, and keep it once it is whole."""
        head = await _head(requests)
        if head.dossier_code:
            row = await self._require_access(head.dossier_code, head.pin, context)
            self._require_part(row, head.part)
            head.dossier_code = row["dossier_code"]
        else:
            sees_part_only(caller())  # nothing that is answered is of a dossier
            head.ClearField("part")  # the dossier that will name it says which
        offset = head.offset
        head.ClearField("file_name")
        head.ClearField("pin")  # what is left names the upload, wherever it goes on
        head.ClearField("offset")
        actor = caller().actor
        begin = partial(self._handlers.uploads.begin, head=head, actor=actor)
        upload = await self._write(begin)
        whole = pb.UploadFileResponse(received=head.size, stored=True)
        if upload is None:
            return whole
        secret = await asyncio.to_thread(upload.secret, self._keyring)
        try:
            received = await self._transfers.receive(upload, secret, offset, _chunks(requests))
        except NotTaken:
            await self._write(partial(uploads.discard, request_id=upload.request_id))
            raise
        if received < upload.size:
            return pb.UploadFileResponse(received=received)
        await self._keep(upload, head, context)
        return whole

    async def _keep(self, upload: Upload, head: pb.UploadHead, context: Context) -> None:
        """Add a file that is whole to its dossier, or keep it for one that will name it."""
        if not head.dossier_code:
            await self._write(partial(uploads.store, request_id=upload.request_id))
            return
        stored = pb.UploadFileResponse(received=upload.size, stored=True)
        handler = FunctionHandler(
            self._handlers.uploads.add, lambda _uow, _request, _call, _events: stored
        )
        await self._commands.run(head, context, handler)

    async def DownloadFile(
        self, request: pb.DownloadFileRequest, context: Context
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        """Stream a file: what it is, then its content."""
        dossier = await self._require_access(request.dossier_code, request.pin, context)
        code = dossier["dossier_code"]
        row = await self._reads.run(lambda c: files.file_row(c, code, request.sha256))
        if row is None:
            raise NotFound(*TEXTS.both("file.unknown"))
        secret = await asyncio.to_thread(uploads.opened, self._keyring, code, row.key)
        if not secret:
            raise Refused(refusal("FILE_ERASED"))
        yield pb.DownloadFileResponse(file=files.info(row))
        pieces = self._transfers.give_out(row.file_id, secret, row.size, request.offset)
        async for piece in pieces:
            yield pb.DownloadFileResponse(chunk=piece)

    async def ListFiles(
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """List the files of a dossier."""
        dossier = await self._require_access(request.dossier_code, request.pin, context)
        code = dossier["dossier_code"]
        found = await self._reads.run(lambda connection: files.files_of(connection, code))
        return pb.ListFilesResponse(files=found)

    def _require_part(self, row: Row, part: str) -> None:
        """Raise ``Invalid`` for a part that the dossier's procedure does not have: anybody may read
        what events say of it.
        """
        version = self._handlers.catalogue.version(row["procedure_code"], row["procedure_version"])
        known = {each.code for each in version.parts} if version else set()
        if part and part not in known:
            raise Invalid([violation("head.part", "part.unknown")])

    async def _require_access(self, code: str, pin: str, context: Context) -> Row:
        """Return the row of a dossier that the caller may see.

        Raise ``NotFound`` without one or with a wrong PIN, ``Forbidden`` for an officer who takes
        no part in it.
        """
        who = caller()
        today = local_date(self._handlers.clock.now(), OFFICE_ZONE)
        scope = access_scope_of(who, self._handlers.catalogue.units, today)
        if who.actor.kind == ActorKind.ACTOR_KIND_CITIZEN:
            await self._pins.check(code, pin, who.actor, address_of(context))
        return await self._reads.run(lambda connection: row_in_scope(connection, code, scope))

    async def _write(self, work: Callable[[UnitOfWork], T]) -> T:
        return await asyncio.wrap_future(self._writer.submit(work))


async def _head(requests: AsyncIterator[pb.UploadFileRequest]) -> pb.UploadHead:
    """Return the head of an upload; raise ``Invalid`` when the first message has none."""
    first = await anext(aiter(requests), None)
    if first is None or not first.HasField("head") or first.chunk:
        raise Invalid([violation("head", "upload.head_first")])
    return first.head


async def _chunks(requests: AsyncIterator[pb.UploadFileRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.HasField("head"):
            raise Invalid([violation("head", "upload.head_once")])
        yield request.chunk


def service(servicer: FileServicer, handlers: DossierHandlers) -> Service:
    """Offer the service, with the checks of its requests."""
    limit = handlers.uploads.limits.file

    def check_upload(request: pb.UploadFileRequest, _actor: Actor) -> Iterable[Violation]:
        head = request.head
        if head.size > limit:
            yield violation("head.size", "file.too_large", limit=limit // MB)
        if head.file_name and media_type_of(head.file_name) != head.media_type:
            yield violation("head.file_name", "file.ending")

    return Service(
        add_FileServiceServicer_to_server,
        servicer,
        SERVICE.full_name,
        checks={"UploadFile": check_upload},
        normalizer_of=normalizer_of,
    )
