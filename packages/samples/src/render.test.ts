import { classNames, renderSample, SAMPLE_SIZE } from './render.js'
import { subTasks } from './sample-task.js'

test('24 classes with names of their own, and sub-tasks among them', () => {
  expect(new Set(classNames).size).toBe(24)
  for (const classes of Object.values(subTasks)) for (const name of classes) expect(classNames).toContain(name)
})

test('the same image everywhere: class, index and seed decide it', () => {
  const sum = (c: number, i: number, s: number): number => renderSample(c, i, s).reduce((a, b) => a + b, 0)
  expect(renderSample(3, 4, 5)).toEqual(renderSample(3, 4, 5))
  expect(renderSample(3, 4, 5)).toHaveLength(SAMPLE_SIZE * SAMPLE_SIZE * 3)
  expect(new Set([sum(3, 4, 5), sum(4, 4, 5), sum(3, 5, 5), sum(3, 4, 6)]).size).toBe(4)
})

test('the shape stands out from its background', () => {
  // the spread of brightness of a solid disc is far beyond the noise
  for (let i = 0; i < 20; i++) {
    const pixels = renderSample(classNames.indexOf('solid disc'), i, 9)
    const grey = Array.from(
      { length: SAMPLE_SIZE ** 2 },
      (_, p) => (pixels[3 * p]! + pixels[3 * p + 1]! + pixels[3 * p + 2]!) / 3,
    )
    const mean = grey.reduce((a, b) => a + b, 0) / grey.length
    expect(Math.sqrt(grey.reduce((s, v) => s + (v - mean) ** 2, 0) / grey.length)).toBeGreaterThan(8)
  }
})
