"""What schemathesis cannot know: an Idempotency-Key is for one request only, and
a key brought along is refused where the server has not switched that on."""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = case.headers.get("Idempotency-Key") if case.headers else None
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,200}", key):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # With them every call would end at that one refusal; the tests of fail-over
    # send them.
    for name in ("x-ownkey-provider-key", "x-ownkey-provider"):
        if case.headers:
            case.headers.pop(name, None)
