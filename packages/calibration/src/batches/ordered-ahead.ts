/**
 * The results of `work` in the order of the items, with up to `ahead` of them under way at once. When it ends early (an
 * error, the consumer stops), what is under way is waited for, so that nothing runs on unseen.
 */
export async function* orderedAhead<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  ahead: number,
): AsyncGenerator<[T, R]> {
  const running: Promise<R>[] = []
  let next = 0
  try {
    for (const item of items) {
      while (next < items.length && running.length < ahead) {
        const promise = work(items[next++])
        // An error counts when its turn comes; until then it must not pass for unhandled.
        promise.catch(() => undefined)
        running.push(promise)
      }
      const result = await running[0]
      running.shift()
      yield [item, result]
    }
  } finally {
    await Promise.allSettled(running)
  }
}
