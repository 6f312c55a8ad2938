import { fetchBundle, fetchPixels } from './fetch.js'
import { classifyOnce } from './specialist.js'

self.onmessage = async ({ data: options }) => {
  self.postMessage(await classifyOnce(await fetchBundle(), await fetchPixels(), options))
}
