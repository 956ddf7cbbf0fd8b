"""The route of OGC API: as strict as ours, with the status that the standard asks for."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from api.errors import BadQuestion, Fault, InvalidRequest, as_fault
from api.ogc.recall import recalled
from api.rights import permission_of, require
from api.strict import StrictRoute
from gridmap.errors import InvalidInput


class OgcRoute(StrictRoute):
    """Parameters that are unknown or wrong are 400; what is wrong with a feature that is sent stays 422."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the strict handler."""
        handle = super().get_route_handler()

        async def asked(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise BadQuestion([as_fault(e) for e in error.errors()]) from None
            except InvalidRequest as error:
                if request.method != "GET":
                    raise
                raise BadQuestion(error.faults) from None
            except InvalidInput as error:
                if request.method != "GET":
                    raise
                raise BadQuestion([Fault(error.code, parameter="-", fields=error.fields)]) from None

        return asked


class RecallingRoute(OgcRoute):
    """Says that nothing changed before the framework reads a question that was answered before."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Look first whether the answer is known."""
        handle = super().get_route_handler()
        permission = permission_of(self.endpoint)

        async def asked(request: Request) -> Response:
            if "if-none-match" in request.headers:
                require(request.scope, permission, request.app.state.context.day(None))
                if (answer := recalled(request)) is not None:
                    return answer
            return await handle(request)

        return asked
