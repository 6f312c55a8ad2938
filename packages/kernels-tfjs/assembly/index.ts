export { multiply } from './multiply'
export { columnSums, reorder, valuesGradient } from './gradient'
export { matmul } from './matmul'
