export { allocateByDynamicProgramming } from './allocation/dynamic-programming.js'
export { allocateMarginal } from './allocation/marginal.js'
export { allocateProgression } from './allocation/progression.js'
export { refineTable } from './allocation/refine.js'
export { type Allocation, type LayerOption, type LayerTable } from './allocation/table.js'
export { allocateUniform } from './allocation/uniform.js'
export { type GroupChoice } from './column-groups.js'
export { budgetOf, keptOfGroup, type Budget } from './counts.js'
export { damp, type DampedProblem } from './damp.js'
export { groupMagnitude } from './group-magnitude.js'
export { type Candidate, type Method, type MethodContext, type RefitKind } from './method.js'
export { methods, type MethodName } from './methods.js'
export { createNumerics, type Numerics } from './numerics.js'
export { fromTrace, traceObs } from './obs/exact-obs.js'
export { groupObs, type GroupOptions, type GroupRemovals } from './obs/group-obs.js'
export { type ObsTrace } from './obs/trace.js'
export { formatPattern, parsePattern, type Pattern } from './pattern.js'
export { type LayerProblem } from './problem.js'
export { fitMask, refit, type Refitted, type RefitOptions } from './refit.js'
export { solveLayer, type Solution, type SolveOptions } from './solve-layer.js'
export {
  createInputStatistics,
  createStatistics,
  type DenseLayer,
  type InputStatistics,
  type Statistics,
  type StatisticsOptions,
} from './statistics.js'
export { createLinalg } from '@tacojs/linalg'
