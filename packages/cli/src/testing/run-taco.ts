import { main } from '../main.js'

/** Runs the command in this process and gives what it printed. */
export async function runTaco(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  const original = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = ((text: string | Uint8Array) => {
      written[stream] += String(text)
      return true
    }) as typeof process.stdout.write
  }
  try {
    return { status: await main(args), ...written }
  } finally {
    process.stdout.write = original.stdout
    process.stderr.write = original.stderr
  }
}
