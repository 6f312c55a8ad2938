// Shared with assembly/: where the engine keeps what kernels need in the first bytes of the memory.

/** Byte addresses of constants, float32 each; src/constants.ts has their values. Loading one is cheaper than making it. */
export enum At {
  /** log₂e, −126, 1.5 · 2²³, then the polynomial of 2^f, from its highest power. */
  Exp2 = 64,
  /** ½, √½, ±3.7, 2/3.7², −1, then the polynomial of erf(x)/x, from its highest power. */
  Erf = 128,
  /** ½, ±5.1, 2/5.1², −1, then the polynomial of (Φ(x) − ½)/x, from its highest power. */
  Gelu = 256,
  /** A word that stays 0: what V8 cannot know. */
  Never = 380,
  /** From here on the memory is free. */
  End = 384,
}
