import { expandFused, totalCosts, type Graph, type TotalCost } from '@tacojs/graph'

/** Costs of the model as it is exported: what a reader of `model.onnx` counts, the constants of formulas included. */
export const modelCosts = (graph: Graph): TotalCost => totalCosts(expandFused(graph))
