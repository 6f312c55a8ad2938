import { fetchBundle, fetchPixels } from './fetch.js'
import { classifyOnce, openSpecialist } from './specialist.js'

const [files, pixels] = [fetchBundle(), fetchPixels()]

// what the tests call
globalThis.classifyHere = async (options) => classifyOnce(await files, await pixels, options)

globalThis.classifyInWorker = (options) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }) => {
      worker.terminate()
      resolve(data)
    }
    worker.onerror = ({ message }) => reject(new Error(message || 'the worker did not start'))
    worker.postMessage(options)
  })

globalThis.openHere = async (options) => {
  const specialist = await openSpecialist(await files, options)
  const images = await pixels
  const times = async (count) => {
    for (let i = 0; i < count; i++) await specialist.classify(images)
  }
  return { ...specialist, times, classify: () => specialist.classify(images) }
}
