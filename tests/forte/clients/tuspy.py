"""Runs tuspy as an app does. Takes one JSON argument, the plan; writes one JSON line.

endpoint, token, metadata, file   the file, the server, the credentials
options                           options of tuspy's uploader
memory                            a file that stores upload URLs
stop_at                           the offset after which the app is closed
"""

import json
import sys

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.storage.filestorage import FileStorage

plan = json.loads(sys.argv[1])
client = TusClient(plan["endpoint"], headers={"Authorization": "Bearer " + plan["token"]})
options = plan.get("options", {})
if "memory" in plan:
    options |= {"store_url": True, "url_storage": FileStorage(plan["memory"])}
try:
    uploader = client.uploader(plan["file"], metadata=plan["metadata"], **options)
    began_at = uploader.offset
    uploader.upload(stop_at=plan.get("stop_at"))
    end = {"end": "success", "url": uploader.url, "began_at": began_at, "offset": uploader.offset}
except TusCommunicationError as error:
    body = error.response_content or b""
    end = {"end": "error", "why": str(error), "status": error.status_code, "body": body.decode()}
print(json.dumps(end))
