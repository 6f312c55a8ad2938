/** Where the channels of a coupling lie on one axis of one value: channel k is at offset + (r·size + k)·block + j. */
export interface Port {
  /** Name of the value, or of the initializer. */
  readonly value: string
  readonly axis: number
  /** Which input of the node it is: one value may be several. The first that has the value unless given. */
  readonly input?: number
  readonly offset?: number
  /** Neighbouring elements of one channel: 0 ≤ j < block. */
  readonly block?: number
  /** How often all channels follow each other: 0 ≤ r < repeat. */
  readonly repeat?: number
}

/** Channels that one operator keeps together: what is removed at one port is removed at all of them. */
export interface Coupling {
  /** Number of channels. */
  readonly size: number
  readonly ports: readonly Port[]
  /** 'producer' makes the channels from others (its rows), 'consumer' sums over them (its columns). */
  readonly layer?: 'producer' | 'consumer'
  /** The operator works on statistics over all channels, which then are over those that stay. */
  readonly shared?: true
}

/** The channels that the elements of a port's axis belong to; elements outside of the port belong to none. */
export function channelsAt(port: Port, size: number, indices: Iterable<number>): Set<number> {
  const { offset = 0, block = 1, repeat = 1 } = port
  const channels = new Set<number>()
  for (const index of indices) {
    const at = Math.floor((index - offset) / block)
    if (at >= 0 && at < size * repeat) channels.add(at % size)
  }
  return channels
}

/** The elements of a port's axis that hold these channels. */
export function elementsAt(port: Port, size: number, channels: Iterable<number>): number[] {
  const { offset = 0, block = 1, repeat = 1 } = port
  const elements: number[] = []
  for (const channel of channels) {
    for (let r = 0; r < repeat; r++) {
      for (let j = 0; j < block; j++) elements.push(offset + (r * size + channel) * block + j)
    }
  }
  return elements
}
