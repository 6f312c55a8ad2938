/** Makes names that are not taken yet: the wanted one, or with the first number behind it that is free. */
export function freshNames(taken: Set<string>): (wanted: string) => string {
  // where the search for a name stopped last, so that a thousand of the same take a thousand steps
  const next = new Map<string, number>()
  return (wanted) => {
    let name = wanted
    let i = next.get(wanted) ?? 2
    for (; taken.has(name); i++) name = `${wanted}_${i}`
    next.set(wanted, i)
    taken.add(name)
    return name
  }
}
