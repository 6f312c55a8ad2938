/** The operators of ONNX that graphs hold. */
const operators = `
  Abs Neg Sqrt Exp Log Erf Tanh Sigmoid Relu LeakyRelu Elu Selu HardSigmoid HardSwish Softplus Softsign Mish Reciprocal
  Floor Ceil Round Sign Sin Cos Not Identity Cast Clip Add Sub Mul Div Pow Mod Min Max PRelu Equal Greater GreaterOrEqual
  Less LessOrEqual And Or Xor Where Mean Sum MatMul Gemm Conv BatchNormalization InstanceNormalization LayerNormalization
  Softmax LogSoftmax MaxPool AveragePool GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin
  ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ArgMax ArgMin Reshape Transpose Flatten Squeeze Unsqueeze Concat Split
  Slice Gather Expand Tile Pad Shape Size ConstantOfShape Range DepthToSpace SpaceToDepth`
const known: ReadonlySet<string> = new Set(operators.trim().split(/\s+/))

export const isKnownOperator = (op: string): boolean => known.has(op)
