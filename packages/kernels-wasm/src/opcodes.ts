// Shared with assembly/: what the numbers in a command mean.

export enum Op {
  Matrix,
  Attention,
  LayerNorm,
  Softmax,
  Unary,
  Binary,
  RowBinary,
  LineBinary,
  Copy,
  TableBinary,
  Fill,
  ZeroMargins,
  Pool,
  Reduce,
  Product,
}

/** Activations and other functions of one element; `a` and `b` are parameters. */
export enum Unary {
  Identity,
  Relu,
  /** min(max(x, a), b) */
  Clip,
  Gelu,
  GeluTanh,
  Sigmoid,
  /** x · sigmoid(x) */
  Silu,
  /** max(0, min(1, a·x + b)) */
  HardSigmoid,
  /** x · max(0, min(1, x/6 + ½)) */
  HardSwish,
  Tanh,
  /** x < 0 ? a·x : x */
  LeakyRelu,
  /** x < 0 ? a·(e^x − 1) : b·x */
  Elu,
  Exp,
  Erf,
  Sqrt,
  Reciprocal,
  Neg,
  Abs,
  Floor,
  Ceil,
  Round,
  /** x · tanh(ln(1 + e^x)) */
  Mish,
  Log,
  /** ln(1 + e^x) */
  Softplus,
  /** x / (1 + |x|) */
  Softsign,
}

export enum Binary {
  Add,
  Sub,
  Mul,
  Div,
  Max,
  Min,
}

export enum Reduction {
  Sum,
  Max,
  Min,
  Product,
  SumOfSquares,
  SumOfMagnitudes,
}

/** What the innermost loops of a copy do. */
export enum Leaf {
  /** One by one, to wherever a table says. */
  Table,
  /** From wherever a table says, to neighbours. */
  Gather,
  /** From every second float, to neighbours. */
  EverySecond,
  /** From neighbours to neighbours. */
  Runs,
  /** Neighbours along one dimension become neighbours along another. */
  Turned,
}
