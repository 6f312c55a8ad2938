/** Operators that are a function of one element: what `unaryOf` knows. */
export const functions: ReadonlySet<string> = new Set([
  ...[
    'Relu',
    'Gelu',
    'Clip',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
    'Tanh',
    'LeakyRelu',
    'Elu',
    'Selu',
    'Mish',
    'Softplus',
  ],
  ...['Softsign', 'Exp', 'Log', 'Erf', 'Sqrt', 'Reciprocal', 'Neg', 'Abs', 'Floor', 'Ceil', 'Round'],
])
