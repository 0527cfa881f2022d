"""Errors as answers: every one says found / expected / what to do, in one shape."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from holdfast.errors import (
    ConflictError,
    HoldfastError,
    InputError,
    LeakageError,
    StoreError,
    UnknownNameError,
)
from holdfast.workbench.wire.common import Problem

__all__ = ["Busy", "Refused", "answer", "install", "stopping"]

_CODES = {
    401: "signed_out",
    403: "forbidden",
    404: "unknown",
    405: "method",
    409: "conflict",
    413: "too_large",
}


_KNOWN: tuple[tuple[type[HoldfastError], int, str], ...] = (
    (UnknownNameError, 404, "unknown"),
    (InputError, 400, "input"),
    (ConflictError, 409, "conflict"),
    (LeakageError, 409, "conflict"),
    (StoreError, 503, "busy"),
    (HoldfastError, 500, "failed"),
)
"""Kind of error, status, code; the first that fits. A store that cannot answer is asked again later."""


class Refused(HTTPException):
    """An answer that is no success, with its code and words."""

    def __init__(
        self,
        status: int,
        error: str,
        found: str,
        *,
        expected: str = "",
        do: str = "",
        after: float | None = None,
    ) -> None:
        """`error` is the code that pages go by; the words are for people."""
        super().__init__(status, detail=found)
        self.problem = Problem(error=error, found=found, expected=expected, do=do, retry_after=after)


class Busy(Refused):
    """The model cannot keep up, or another one is being loaded."""

    def __init__(self, found: str, after: float = 1.0) -> None:
        """`after`: seconds until it is worth asking again."""
        super().__init__(503, "busy", found, do="wait a moment; nothing is lost", after=after)


def stopping() -> Busy:
    """What whoever still waits is told when the site ends."""
    return Busy("the site is being stopped", after=2.0)


def answer(status: int, problem: Problem) -> JSONResponse:
    """The answer, with Retry-After where there is one."""
    headers = {} if problem.retry_after is None else {"Retry-After": str(max(1, round(problem.retry_after)))}
    return JSONResponse(problem.model_dump(), status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Have every error of `app` answered so."""

    @app.exception_handler(Refused)
    def _refused(_request: Request, error: Refused) -> JSONResponse:
        return answer(error.status_code, error.problem)

    @app.exception_handler(StarletteHTTPException)
    def _http(_request: Request, error: StarletteHTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "refused")
        return answer(error.status_code, Problem(error=code, found=str(error.detail)))

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        fields = [".".join(str(part) for part in one["loc"][1:]) for one in found]
        said = "; ".join(f"{name or 'body'}: {one['msg']}" for name, one in zip(fields, found, strict=True))
        return answer(
            422, Problem(error="input", found=said[:2000], do="correct these fields", fields=fields)
        )

    @app.exception_handler(HoldfastError)
    def _known(_request: Request, error: HoldfastError) -> JSONResponse:
        status, code = next((s, c) for kind, s, c in _KNOWN if isinstance(error, kind))
        said = Problem(error=code, found=error.found, expected=error.expected, do=error.do)
        return answer(status, said)
