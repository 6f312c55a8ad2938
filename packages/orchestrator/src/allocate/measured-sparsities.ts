/** Ratios of about two of what is kept. Below, the loss is small; above, a layer is hardly there. */
export const measuredSparsities: readonly number[] = [0.6, 0.8, 0.9, 0.95, 0.98, 0.995]

/** Beyond, what a layer loses is not known. */
export const mostMeasured = Math.max(...measuredSparsities)
