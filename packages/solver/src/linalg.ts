/** The dense numerics that the solver computes with; the plain loops of dense.ts need none of it yet. */
export type Linalg = object

export async function createLinalg(): Promise<Linalg> {
  return {}
}
