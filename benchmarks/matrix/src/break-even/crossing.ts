/**
 * The share of zeros from which on the sparse kernel is at least as fast, between measured points by a straight line;
 * undefined where it is not even at the last. A dip after an early crossing moves it behind the dip.
 *
 * @param points by rising share; `speedup` is dense time over sparse time
 */
export function crossing(points: readonly { readonly share: number; readonly speedup: number }[]): number | undefined {
  const slower = points.findLastIndex(({ speedup }) => speedup < 1)
  if (slower < 0) return points[0]?.share
  const [below, above] = [points[slower]!, points[slower + 1]]
  if (!above) return undefined
  return below.share + ((above.share - below.share) * (1 - below.speedup)) / (above.speedup - below.speedup)
}
