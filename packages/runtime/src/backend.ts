import type { Graph, Node, Tensor } from '@tacojs/graph'

export interface CompileOptions {
  /** Threads to use at most; a backend without threads ignores it. */
  readonly threads?: number
  /** Initializers that `write` may change after compilation. */
  readonly mutable?: readonly string[]
  /**
   * The program is far larger than those after it: it shares no memory with others, and gives its own back when disposed.
   * A backend without memory of its own ignores it.
   */
  readonly ownMemory?: boolean
}

/** Which kernel computes a node, and why that one. */
export interface KernelNote {
  readonly node: string
  readonly op: string
  readonly kernel: string
  readonly reason: string
}

/** All that a contributor of a backend writes. */
export interface Backend {
  readonly name: string
  /** Why this node cannot run here, or undefined when it can. */
  unsupported(node: Node, graph: Graph): string | undefined
  compile(graph: Graph, options?: CompileOptions): Promise<Program>
}

export interface RunOptions {
  /**
   * Gives an array of so many floats that nothing uses any more, whatever it holds, or undefined: a float32 output may be
   * written to it, as a whole. It may be a part of a larger memory. A backend need not ask.
   */
  readonly spare?: (length: number) => Float32Array | undefined
}

export interface Program {
  /**
   * Runs once. Inputs and outputs by the graph's names; symbolic dimensions may take any size. The outputs are the
   * caller's, and share no memory with the inputs or the program.
   */
  run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>
  /** Changes an initializer that was declared mutable at compile time. */
  write(name: string, values: Tensor): void
  read(name: string): Promise<Tensor>
  dispose(): void
  /** Threads that a run has, and why fewer than were asked for; backends without threads leave them out. */
  readonly threads?: number
  readonly whyFewerThreads?: string | undefined
  /** For reports: the kernels at these shapes of the inputs. Backends that have no choice leave it out. */
  kernels?(shapes: Readonly<Record<string, readonly number[]>>): readonly KernelNote[]
}
