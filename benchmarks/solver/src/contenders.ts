import { methods, type MethodName, type SolveOptions } from '@tacojs/solver'

/** One way to solve a layer: a method, with or without the exact fit and the exchanges after it. */
export type Contender = { readonly name: string } & Pick<SolveOptions, 'method' | 'refit' | 'swaps'>

/** Those that choose a mask only; the others fit the weights on it themselves. */
const unfitted: readonly MethodName[] = ['magnitude', 'fastobc']

/** Whatever the solver lists, and what the best mask gains by exchanges. */
export const contenders: readonly Contender[] = [
  ...(Object.keys(methods) as MethodName[]).flatMap((method): Contender[] =>
    unfitted.includes(method)
      ? [
          { name: method, method, refit: false },
          { name: `${method}+refit`, method },
        ]
      : [{ name: method, method }],
  ),
  { name: 'exactobs+swaps', method: 'exactobs', swaps: true },
]

export const contenderNames: readonly string[] = contenders.map(({ name }) => name)
