/** Fresh views of a wasm memory, plain or shared: `length` elements at a pointer. A view does not survive growth. */
export interface Views {
  float32(pointer: number, length: number): Float32Array
  float64(pointer: number, length: number): Float64Array
  int32(pointer: number, length: number): Int32Array
  uint32(pointer: number, length: number): Uint32Array
  uint16(pointer: number, length: number): Uint16Array
  int8(pointer: number, length: number): Int8Array
  uint8(pointer: number, length: number): Uint8Array
}

export const viewsOf = (memory: WebAssembly.Memory): Views => ({
  float32: (pointer, length) => new Float32Array(memory.buffer, pointer, length),
  float64: (pointer, length) => new Float64Array(memory.buffer, pointer, length),
  int32: (pointer, length) => new Int32Array(memory.buffer, pointer, length),
  uint32: (pointer, length) => new Uint32Array(memory.buffer, pointer, length),
  uint16: (pointer, length) => new Uint16Array(memory.buffer, pointer, length),
  int8: (pointer, length) => new Int8Array(memory.buffer, pointer, length),
  uint8: (pointer, length) => new Uint8Array(memory.buffer, pointer, length),
})
