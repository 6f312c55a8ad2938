/** A module with one function of no parameters that returns a v128; `body` holds its instructions. */
const probe = (...body: number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, 0x7b],
    ...[3, 2, 1, 0],
    ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
  ])

/** i32.const 0; i8x16.splat */
const zero = [0x41, 0, 0xfd, 0x0f]
/** f32x4.relaxed_madd: 0x105 in LEB128 */
const relaxedMadd = [0xfd, 0x85, 0x02]

const valid = (bytes: Uint8Array<ArrayBuffer>): boolean =>
  typeof WebAssembly === 'object' && WebAssembly.validate(bytes)

/** Whether the engine has 128-bit SIMD, found by validating a module of one instruction; nothing is run. */
export const hasSimd = (): boolean => valid(probe(...zero))

/** Whether it has relaxed SIMD. Asked anew on each call: Node 20 gains it when its V8 flag is set at run time. */
export const hasRelaxedSimd = (): boolean => valid(probe(...zero, ...zero, ...zero, ...relaxedMadd))
