"""Hooks of schemathesis: how to send part of an upload, what a video looks like, that the last segment
of an upload's Location is its name, and which failures are tolerated."""

import json
import os

import schemathesis

with open(os.environ["FORTE_CLIP"], "rb") as clip:
    CLIP = clip.read()
CHUNK = "application/offset+octet-stream"
NAME = "$response.header.Location#regex:/uploads/(.+)"
TOLERATED = [tuple(pair) for pair in json.loads(os.environ["FORTE_TOLERATED"])]


@schemathesis.serializer(CHUNK)
def chunk(ctx, value):
    """Most chunks are a whole video; an upload may be created without data."""
    text = value if isinstance(value, bytes) else repr(value).encode()
    if ctx.case.method == "POST" and len(text) % 2 == 0:
        return b""
    return text if len(text) % 3 == 0 else CLIP


@schemathesis.hook
def before_load_schema(context, schema):
    """Links the operations on an upload to its creation; the document has no links. Removes the relative
    server address, with which schemathesis expects unknown query parameters to be refused."""
    schema["servers"] = []
    created = schema["paths"]["/uploads"]["post"]["responses"]["201"]
    operations = ["append_to_upload", "upload_offset", "upload_status", "terminate_upload"]
    link = lambda operation: {"operationId": operation, "parameters": {"path.name": NAME}}
    created["links"] = {operation: link(operation) for operation in operations}


@schemathesis.hook
def filter_case(context, case):
    """Skips cases with a body of a wrong type where bytes are sent."""
    return case.media_type != CHUNK or isinstance(case.body, (bytes, str))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Drops tolerated failures."""
    pair = (type(failure).__name__, f"{case.method.upper()} {case.path}")
    return pair not in TOLERATED


@schemathesis.hook
def after_call(context, case, response):
    """Records operation, status and error code of each response."""
    code = ""
    if response.status_code >= 400 and response.content:
        code = response.json()["data"]["error"]
    with open("responses", "a") as log:
        log.write(json.dumps([f"{case.method.upper()} {case.path}", response.status_code, code]) + "\n")
