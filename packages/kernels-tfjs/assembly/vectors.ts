// How many vectors a tile has, as a type: the compiler makes a kernel for each. A type stands for the number of its bytes.

@unmanaged
export class Eight {
  bytes: u64
}
@unmanaged
export class Six {
  bytes: u32
  more: u16
}
@unmanaged
export class Four {
  bytes: u32
}
@unmanaged
export class Two {
  bytes: u16
}

export function vectors<V>(): i32 {
  return <i32>offsetof<V>()
}
