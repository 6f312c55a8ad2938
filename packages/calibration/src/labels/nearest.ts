/** The `count` names most like the given one, best first: those that contain it or are contained, then few edits. */
export function nearest(name: string, names: readonly string[], count: number): string[] {
  return names
    .map((candidate) => ({ candidate, score: unlikeness(name, candidate) }))
    .filter(({ score }) => score <= 0.5)
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate)
}

/** From 0 (equal) to 1. */
function unlikeness(a: string, b: string): number {
  const longer = Math.max(a.length, b.length)
  const shorter = Math.min(a.length, b.length)
  const edits = editDistance(a.slice(0, 64), b.slice(0, 64)) / Math.max(1, Math.min(longer, 64))
  // One or two letters are part of nearly everything.
  const contained = shorter >= 3 && (a.includes(b) || b.includes(a))
  return contained ? Math.min(edits, 0.4 * (1 - shorter / longer)) : edits
}

/** Levenshtein's distance: insertions, deletions and replacements of one character. */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    above = row
  }
  return above[b.length]
}
