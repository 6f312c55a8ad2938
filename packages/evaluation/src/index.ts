export { expectedCalibrationError } from './calibration-error.js'
export { argmaxRows, probabilities } from './classify.js'
export { compare, type Comparison } from './compare.js'
export { evaluate, type Classifier, type Evaluation, type LabelledBatch } from './evaluate.js'
