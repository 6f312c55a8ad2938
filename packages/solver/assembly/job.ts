// What the members of a team work on together. The words are written by src/obs/kernels.ts, in this order.

@unmanaged
export class Job {
  control: usize
  /** 32 or 64: the precision of P. */
  bits: i32
  /** Row groups; each is a problem of its own. */
  groups: i32
  /** Rows of a group, which share P. */
  rows: i32
  /** Columns of the layer, and of the largest support. */
  n: i32
  most: i32
  /** Sets of columns that leave together, and the columns of the largest. */
  units: i32
  width: i32
  /** Removed columns whose updates of P are gathered, at most. */
  batch: i32
  /** Units to remove from each group, at most. */
  depth: i32
  /** i32 [n]: the unit of each column; ascending. */
  unit: usize
  /** f64 [n]: 1/H_jj, below which no P_jj can be. */
  floor: usize
  /** H⁻¹ [n, n] in the job's precision, where all groups start from all columns. */
  inverse: usize
  /** Otherwise f64 H [n, n], and u8 [groups, n]: 1 = the column is there. */
  h: usize
  support: usize
  /** i32 [groups, sets]: how many columns may leave a set; 0 where there are no sets. */
  quota: usize
  /** i32 [n]: the set of each column. */
  set: usize
  sets: i32
  /** f64 [groups · rows, n]: the weights W, or WH where there are supports; replaced by the weights that are left. */
  weights: usize
  /** i32 and f64 [groups, units]: the units in the order of their removal and their losses; −1 and 0 behind the last. */
  order: usize
  loss: usize
  /** The group that is drawn next. */
  counter: usize
  /** `step` bytes for each member, as many as `scratchBytes` says. */
  scratch: usize
  step: usize
}
