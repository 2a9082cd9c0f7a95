"""What the API says while its stores are not open yet: a problem, as to every call that cannot be answered."""

from starlette.types import Receive, Scope, Send

from postlude.api.problems import ApiProblemError, ProblemCode, problem_response
from postlude.kit.ids import id_text, new_id

_WAIT_SECONDS = 5


class StartingApi:
    """Answers every call with 503. `public_url` is where the API is reached."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        problem = ApiProblemError(ProblemCode.UNAVAILABLE, "Postlude is starting.", retry_after_s=_WAIT_SECONDS)
        response = problem_response(problem, self._public_url, id_text(new_id()))
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)
