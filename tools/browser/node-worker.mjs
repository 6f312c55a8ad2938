// A Node worker that runs the specialist: what it is given, and what it answers with.
import { parentPort, workerData } from 'node:worker_threads'
import { classifyOnce } from './page/specialist.js'

const { files, pixels, options } = workerData
parentPort.postMessage(await classifyOnce(files, pixels, options))
