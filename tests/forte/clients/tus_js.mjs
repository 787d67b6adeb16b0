// Drives tus-js-client as a phone's app would. Takes one JSON argument, the plan; writes a JSON
// line for each answer and one for the end.
//
//   endpoint, token, metadata, file   what to send, where, as whom
//   options                           options of tus-js-client, as they are
//   memory                            a file where it remembers upload URLs
//   uploadUrl                         an upload that was begun before
//   abortAfter                        bytes handed over after which the app is closed

import { createReadStream, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(process.env.FORTE_TEST_NODE_MODULES + '/')
const tus = require('tus-js-client')
const plan = JSON.parse(process.argv[2])

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const told = (response) => (response ? { status: response.getStatus(), body: response.getBody() } : {})

const options = {
  endpoint: plan.endpoint,
  headers: { Authorization: `Bearer ${plan.token}` },
  metadata: plan.metadata,
  uploadUrl: plan.uploadUrl,
  ...(plan.memory && { urlStorage: new tus.FileUrlStorage(plan.memory) }),
  onAfterResponse(request, response) {
    say({ method: request.getMethod(), ...told(response) })
  },
  onProgress(sent) {
    if (plan.abortAfter && sent >= plan.abortAfter) close()
  },
  onSuccess: () => say({ end: 'success', url: upload.url }),
  onError: (error) => say({ end: 'error', why: error.message, ...told(error.originalResponse) }),
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
