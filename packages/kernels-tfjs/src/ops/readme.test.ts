import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-wasm'
import * as ops from './index.js'

const modules: Readonly<Record<string, unknown>> = {
  '@tensorflow/tfjs-core': tf,
  '@tensorflow/tfjs-backend-wasm': {},
  '@tacojs/kernels-tfjs/ops': ops,
}

test("the README's example of these functions runs", async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const example = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((m) => m[1]!).find((code) => code.includes('/ops'))!
  const body = example
    .replace(/^import '([^']+)'$/gm, (_, from: string) => `void modules['${from}']`)
    .replace(/^import \* as (\w+) from '([^']+)'$/gm, "const $1 = modules['$2']")
    .replace(/^import (\{[^}]*\}) from '([^']+)'$/gm, "const $1 = modules['$2']")
  for (const [, from] of body.matchAll(/modules\['([^']+)'\]/g)) expect(Object.keys(modules)).toContain(from)
  const printed: unknown[][] = []
  const console = { log: (...values: unknown[]) => printed.push(values) }
  const AsyncFunction = Object.getPrototypeOf(async () => undefined).constructor as FunctionConstructor
  await AsyncFunction('modules', 'console', body)(modules, console)
  expect(printed).toEqual([[[4, 10], expect.any(Number)]])
})
