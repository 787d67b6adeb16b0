// Drives tus-js-client as a phone's app would. Takes one JSON argument, the plan; writes a JSON
// line for each answer and one for the end.
//
//   endpoint, token, metadata, file   what to send, where, as whom
//   options                           options of tus-js-client, as they are
//   memory                            a file where it remembers upload URLs
//   uploadUrl                         an upload that was begun before
//   abortAfter                        bytes of a body after which the app is closed

import { createReadStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'

const require = createRequire(process.env.FORTE_TEST_NODE_MODULES + '/')
const tus = require('tus-js-client')
const plan = JSON.parse(process.argv[2])

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const told = (response) =>
  response && {
    status: response.getStatus(),
    offset: response.getHeader('Upload-Offset'),
    body: response.getBody(),
  }

// Sends the beginning of a body, and then the app is closed. Counting progress would not do: the
// client tells of it only now and then, and a short video may be through by that time.
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
    say({ method: request.getMethod(), ...told(response) })
  },
  onSuccess: () => say({ end: 'success', url: upload.url }),
  onError: (error) => say({ end: 'error', why: error.message, ...told(error.originalResponse) }),
  ...(plan.abortAfter && { httpStack: new ClosingStack() }),
  ...plan.options,
}

// A whole file is streamed; pieces are cut from memory.
const source = plan.options?.chunkSize ? readFileSync(plan.file) : createReadStream(plan.file)
const upload = new tus.Upload(source, options)

function close() {
  upload.abort().then(() => {
    say({ end: 'closed', url: upload.url })
    process.exit(0)
  })
}

if (plan.memory) {
  const [before] = await upload.findPreviousUploads()
  if (before) upload.resumeFromPreviousUpload(before)
}
upload.start()
