"""The lifecycle of one call: authentication, authorization, validation, and how it ends.

Authorization is the check of the caller's permissions for the method. A caller of too many calls is
refused before that, and before its request is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from motcua.events.v1.common_pb2 import ActorKind

from kernel.auth import identity
from kernel.auth.identity import Caller
from kernel.auth.tokens import Identity
from kernel.base.errors import Failure, Forbidden, Invalid, Unauthenticated, Violation
from kernel.messages.texts import TEXTS
from kernel.rpc import statuses
from kernel.rpc.admission.admission import Admission
from kernel.rpc.method import Context, Metadata, Method
from kernel.rpc.validation import validator
from kernel.rpc.validation.encoded_bounds import broken_bound_encoded
from kernel.rpc.validation.messages import MAX_BYTES, WELL_FORMED, own_violation
from kernel.telemetry import metrics
from kernel.telemetry.logs import fault, get_logger
from kernel.telemetry.tracing import Scope, span_from

log = get_logger(__name__)
DETAILS: Final = "grpc-status-details-bin"
LARGE: Final = 32 * 1024
"""Bytes; checking more would hold up the other calls in the event loop."""
_NO_DEADLINE: Final = Violation("grpc-timeout", "call.deadline", TEXTS.text("call.deadline"))


class CallLifecycle:
    """One call from its arrival to its answer."""

    __slots__ = (
        "_admission",
        "_caller",
        "_code",
        "_context",
        "_end",
        "_kind",
        "_large_requests",
        "_metadata",
        "_method",
        "_scope",
        "_start",
    )

    def __init__(
        self, method: Method, context: Context, admission: Admission, large_requests: Executor
    ) -> None:
        self._method = method
        self._admission = admission
        self._large_requests = large_requests
        self._context = context
        self._metadata: Metadata = dict(context.invocation_metadata() or ())
        self._caller: Caller | None = None
        self._kind: ActorKind | None = None
        self._end: Callable[[], None] | None = None
        self._code = "OK"
        trace = self._metadata.get(identity.TRACE, "")
        self._scope: Scope = span_from(
            trace if isinstance(trace, str) else "", method.path, "server", **{"rpc.system": "grpc"}
        )
        self._start = time.perf_counter()

    def __enter__(self) -> CallLifecycle:
        self._scope.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._leave()
        if self._code != "OK":
            self._scope.set("rpc.grpc.status", self._code)
            self._scope.fail(self._code)
        self._scope.__exit__(None, None, None)
        metrics.RPC_DURATION.record(
            time.perf_counter() - self._start, {"method": self._method.path, "code": self._code}
        )

    async def enter(self, data: bytes) -> Message:
        """Return the decoded request; raise ``Failure`` when the caller, the deadline or the
        request does not allow the call. A large request is looked at in a thread, and one that is
        larger than its fields may be not at all.
        """
        fits = len(data) <= self._method.largest_request
        found = self._admit(len(data) if fits else 0)
        remaining = self._context.time_remaining()
        if remaining is None:
            raise Invalid([_NO_DEADLINE])
        if remaining <= 0:
            raise statuses.DeadlinePassed
        trace = self._scope.traceparent
        caller = self._method.caller(found, self._metadata, self._context, trace)
        self._caller = caller
        identity.set_caller(caller)
        if not fits:
            limit = f"{self._method.largest_request:,}"
            refusal = Invalid([Violation("", MAX_BYTES, TEXTS.text(MAX_BYTES, limit=limit))])
            refusal.late = True
            raise refusal
        if len(data) > LARGE:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._large_requests, self._request, data, caller)
        return self._request(data, caller)

    def _admit(self, size: int) -> Identity:
        """Return who calls, by whom a request of a size is counted; raise ``Unauthenticated``,
        ``Forbidden``, or ``TooMany`` when a limit on the caller is reached.
        """
        try:
            found = self._method.identity(self._metadata, self._context)
        except (Unauthenticated, Forbidden):
            self._admission.count(None, self._context, size=size)
            raise
        self._kind = found.actor.kind
        stream = self._method.streams
        caller = self._admission.count(found.actor, self._context, size=size, stream=stream)
        self._end = self._admission.begin(caller, stream=stream)
        return found

    def _leave(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()

    def _request(self, data: bytes, caller: Caller) -> Message:
        if len(data) > LARGE:
            too_much = broken_bound_encoded(data, self._method.request_type)
            if too_much is not None:
                raise Invalid([too_much])
        try:
            request = self._method.request.FromString(data)
        except DecodeError:
            raise Invalid([own_violation("", WELL_FORMED)]) from None
        check = self._method.check
        validator.check(
            request,
            lambda message: check(message, caller.actor) if check else (),
            self._method.service.normalizer_of,
        )
        return request

    def release(self, answer: Any) -> Any:
        """Return the answer; raise ``RuntimeError`` when its handler has not applied the scope of
        the method's rule.
        """
        checked = self._caller is not None and self._caller.scope_checked
        if self._method.must_check_scope and not checked:
            raise RuntimeError(f"{self._method.path} does not check the scope of its caller")
        return answer

    def cancel(self) -> None:
        """Note that nobody waits for the answer any more: what has not begun must not begin."""
        self._code = "CANCELLED"
        if self._caller is not None:
            self._caller.gone = True

    async def refuse(self, error: BaseException) -> None:
        """End the call with the status of an error; raise gRPC's ``AbortError``."""
        if isinstance(error, grpc.aio.AbortError):
            raise error
        language = identity.language_of(self._metadata)
        failure = statuses.known(error)
        if failure is not None:
            status = statuses.status_of(failure, language)
            self._note(failure)
        else:
            self._report(error)  # first: the text below comes from a file
            status = statuses.internal_error(language, self._scope.traceparent)
        self._code = _name(status)
        if failure is not None and failure.late:
            self._leave()
            await self._admission.late.wait(self._context)
        await self._context.abort(
            _CODES[status.code], status.message, ((DETAILS, status.SerializeToString()),)
        )

    def _note(self, failure: Failure) -> None:
        """Count and log a denial or a limit, without anything that the caller sent."""
        if isinstance(failure, Forbidden | Unauthenticated):
            metrics.RPC_DENIED.add(1, {"method": self._method.path, "reason": failure.code})
            if self._method.faults.allow(failure.code):
                log.warning("rpc.denied", **self._fields(failure.code))
        elif isinstance(failure, statuses.TooMany) and failure.code:
            metrics.RPC_LIMITED.add(1, {"method": self._method.path, "reason": failure.code})
            if self._method.faults.allow(failure.code):
                log.warning("rpc.limited", **self._fields(failure.code))

    def _fields(self, reason: str) -> dict[str, str]:
        return {
            "method": self._method.path,
            "reason": reason,
            "kind": "" if self._kind is None else ActorKind.Name(self._kind),
            "trace": self._scope.traceparent,
        }

    def _report(self, error: BaseException) -> None:
        if self._method.faults.allow(type(error).__name__):
            log.error(
                "rpc.failed",
                method=self._method.path,
                trace=self._scope.traceparent,
                **fault(error),
            )


_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def _name(status: Status) -> str:
    return _CODES[status.code].name
