"""Say that nothing changed: what was answered stands under everything it hangs on, before the question is even read."""

from collections.abc import Hashable

from fastapi import Request, Response

from api.deps import Context, context, reader_language
from api.ogc.answering import matches, unchanged

#: Longer headers are the ordinary way's to read.
_LONGEST = 500


def key_of(request: Request, ctx: Context) -> Hashable:
    """Give what an answer hangs on: the question as it was sent, who and when asks, and what is stored.

    Who asks is in where the tags are kept (``Context.tags``).
    """
    scope = request.scope
    headers = request.headers
    return (
        scope["path"],
        scope["query_string"],
        headers.get("accept", "*/*"),
        reader_language(request),
        scope["scheme"],
        headers.get("host"),
        scope.get("root_path"),
        ctx.store.revision(),
        ctx.day(None),
    )


def recalled(request: Request) -> Response | None:
    """Answer that the reader has what was answered to the same question, where that is known without waiting.

    Whether he may ask at all was looked at before. The store must lie in this machine: others are asked in a thread.
    """
    said = request.headers.get("if-none-match")
    # a star means "whatever there is", so it is answered only after rights to this very collection were asked for
    if said is None or "*" in said or len(said) + len(request.headers.get("accept", "")) > _LONGEST:
        return None
    ctx = context(request)
    return known(request, ctx, key_of(request, ctx)) if ctx.store.local else None


def known(request: Request, ctx: Context, key: Hashable) -> Response | None:
    """Answer that the reader has what was answered to the same question; None: it is to be answered."""
    if "*" in request.headers.get("if-none-match", "*"):
        return None
    found = ctx.tags.peek(key)
    if found is None or not matches(request, found[0]):
        return None
    return unchanged(found[0], **{"Content-Crs": found[1]})


def keep(ctx: Context, key: Hashable, answer: Response) -> None:
    """Keep the tag of an answer that was given."""
    ctx.tags.put(key, (answer.headers["etag"], answer.headers["content-crs"]))
