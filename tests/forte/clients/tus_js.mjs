// Runs tus-js-client as an app does. Takes one JSON argument, the plan; writes a JSON
// line for each response and one for the outcome.
//
//   endpoint, token, metadata, file   the file, the server, the credentials
//   options                           options of tus-js-client
//   memory                            a file that stores upload URLs
//   uploadUrl                         an existing upload
//   abortAfter                        bytes of a body after which the app is closed

import { createReadStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'

const require = createRequire(process.env.FORTE_TEST_NODE_MODULES + '/')
const tus = require('tus-js-client')
const plan = JSON.parse(process.argv[2])

const print = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const fieldsOf = (response) =>
  response && {
    status: response.getStatus(),
    offset: response.getHeader('Upload-Offset'),
    body: response.getBody(),
  }

// Sends the beginning of a body, and then the app is closed. Progress events are not enough: the
// client emits them rarely, and a short video may be complete by then.
class ClosingStack extends tus.DefaultHttpStack {
  createRequest(method, url) {
    const request = super.createRequest(method, url)
    const send = request.send.bind(request)
    request.send = (body) => send(body && beginningOf(body))
    return request
  }
}

function beginningOf(body) {
  const beginning = Readable.from(piecesOf(body))
  beginning.size = body.size
  return beginning
}

async function* piecesOf(body) {
  let sent = 0
  for await (const piece of body) {
    if (sent >= plan.abortAfter) close()
    yield piece
    sent += piece.length
  }
}

const options = {
  endpoint: plan.endpoint,
  headers: { Authorization: `Bearer ${plan.token}` },
  metadata: plan.metadata,
  uploadUrl: plan.uploadUrl,
  ...(plan.memory && { urlStorage: new tus.FileUrlStorage(plan.memory) }),
  onAfterResponse(request, response) {
    print({ method: request.getMethod(), ...fieldsOf(response) })
  },
  onSuccess: () => print({ end: 'success', url: upload.url }),
  onError: (error) => print({ end: 'error', why: error.message, ...fieldsOf(error.originalResponse) }),
  ...(plan.abortAfter && { httpStack: new ClosingStack() }),
  ...plan.options,
}

// A whole file is streamed; chunks are sliced from memory.
const source = plan.options?.chunkSize ? readFileSync(plan.file) : createReadStream(plan.file)
const upload = new tus.Upload(source, options)

function close() {
  upload.abort().then(() => {
    print({ end: 'closed', url: upload.url })
    process.exit(0)
  })
}

if (plan.memory) {
  const [before] = await upload.findPreviousUploads()
  if (before) upload.resumeFromPreviousUpload(before)
}
upload.start()
