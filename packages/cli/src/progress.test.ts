import { progressPrinter } from './progress.js'

/** What a terminal shows, each line in its last state. */
function shown(events: readonly [seconds: number, event: Parameters<ReturnType<typeof progressPrinter>>[0]][]) {
  let text = ''
  const out = { isTTY: true, columns: 200, write: (part: string) => ((text += part), true) }
  const print = progressPrinter(out as unknown as NodeJS.WriteStream)
  const lines: string[] = []
  const now = import.meta.jest.spyOn(Date, 'now')
  try {
    for (const [seconds, event] of events) {
      text = ''
      now.mockReturnValue(1e6 + 1000 * seconds)
      print(event)
      lines.push(text.replace(/^\r.*?K/, '').trimEnd())
    }
  } finally {
    now.mockRestore()
  }
  return lines
}

test('the time left goes by the share of the work where it is known, and by the steps otherwise', () => {
  expect(
    shown([
      [0, { stage: 'prune', done: 0, total: 4, detail: 'weights of positions, image 4 of 8', share: 0.1 }],
      [20, { stage: 'prune', done: 0, total: 4, detail: 'weights of positions, image 8 of 8', share: 0.2 }],
      [30, { stage: 'prune', done: 1, total: 4, detail: 'a', share: 0.25 }],
      [60, { stage: 'prune', done: 3, total: 4, detail: 'b', share: 0.5 }],
      [120, { stage: 'prune', done: 4, total: 4 }],
      [130, { stage: 'evaluate', done: 0, total: 40 }],
      [140, { stage: 'evaluate', done: 10, total: 40 }],
    ]),
  ).toEqual([
    'prune 0/4 weights of positions, image 4 of 8 (0.0s)',
    'prune 0/4 weights of positions, image 8 of 8 (20s, 1m 20s left)',
    'prune 1/4 a (30s, 1m 30s left)',
    'prune 3/4 b (1m 0s, 1m 0s left)',
    'prune 4/4 (2m 0s)',
    'evaluate 0/40 (0.0s)',
    'evaluate 10/40 (10s, 30s left)',
  ])
})

test('a stage that goes on after its end has another part, which has its own pace', () => {
  expect(
    shown([
      [0, { stage: 'allocate', done: 0, total: 2, detail: 'a' }],
      [60, { stage: 'allocate', done: 2, total: 2, detail: 'done' }],
      [60, { stage: 'allocate', done: 0, total: 9, detail: 'the network with 99 % zeros' }],
      [61, { stage: 'allocate', done: 1, total: 9, detail: 'the network with 0 % zeros' }],
      [69, { stage: 'allocate', done: 9, total: 9 }],
      [69, { stage: 'allocate', done: 9, total: 9 }],
    ]),
  ).toEqual([
    'weigh layers 0/2 a (0.0s)',
    'weigh layers 2/2 (1m 0s)',
    'weigh layers 0/9 the network with 99 % zeros (0.0s)',
    'weigh layers 1/9 the network with 0 % zeros (1.0s, 8.0s left)',
    'weigh layers 9/9 (9.0s)',
    '',
  ])
})
