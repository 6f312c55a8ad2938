/** Stretches of neighbouring floats: [first index, offset, length]. */
export function runsOf(table: Int32Array): [number, number, number][] {
  const runs: [number, number, number][] = []
  for (let i = 0; i < table.length;) {
    let n = 1
    while (i + n < table.length && table[i + n] === table[i]! + n) n++
    runs.push([i, table[i]!, n])
    i += n
  }
  return runs
}
