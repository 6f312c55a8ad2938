import { float32, int64 } from '../tensor.js'
import { failure, graphOfOne, numbersOf, shapeOf, type ApplyOptions } from '../testing/apply.js'
import { costs } from '../costs.js'

describe('MatMul', () => {
  test.each([
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [
      ['batch', 197, 192],
      [192, 576],
      ['batch', 197, 576],
    ],
    [
      ['batch', 3, 197, 64],
      ['batch', 3, 64, 197],
      ['batch', 3, 197, 197],
    ],
    [
      [5, 1, 2, 3],
      [4, 3, 6],
      [5, 4, 2, 6],
    ],
    [[3], [3, 4], [4]],
    [[2, 3], [3], [2]],
    [[3], [3], []],
  ])('%j by %j is %j', (a, b, y) => expect(shapeOf('MatMul', [a, b])).toEqual(y))

  test('inner sizes that differ are refused', () => {
    expect(
      failure(() =>
        shapeOf('MatMul', [
          [2, 3],
          [4, 5],
        ]),
      ),
    ).toMatch(/^SHAPE_MISMATCH: node 'n' \(MatMul\)/)
    expect(failure(() => shapeOf('MatMul', [[], [4, 5]]))).toMatch(/^SHAPE_MISMATCH/)
  })

  test('of constants, with leading dimensions', () => {
    const [a, b] = [float32([2, 1, 2], [1, 2, 3, 4]), float32([2, 2], [5, 6, 7, 8])]
    expect(numbersOf('MatMul', [a, b])).toEqual([19, 22, 43, 50])
    expect(numbersOf('MatMul', [float32([2], [1, 2]), float32([2], [3, 4])])).toEqual([11])
  })
})

describe('Gemm', () => {
  test('either operand transposed', () => {
    expect(shapeOf('Gemm', [[2, 3], [3, 4], [4]])).toEqual([2, 4])
    expect(
      shapeOf(
        'Gemm',
        [
          ['batch', 3],
          [4, 3],
          [1, 4],
        ],
        { attributes: { transB: 1 } },
      ),
    ).toEqual(['batch', 4])
    expect(
      shapeOf(
        'Gemm',
        [
          [3, 2],
          [3, 4],
        ],
        { attributes: { transA: 1 } },
      ),
    ).toEqual([2, 4])
  })
  test('a term that does not fit is refused', () => {
    expect(failure(() => shapeOf('Gemm', [[2, 3], [3, 4], [3]]))).toMatch(/^SHAPE_MISMATCH/)
    expect(
      failure(() =>
        shapeOf('Gemm', [
          [1, 3],
          [3, 4],
          [5, 4],
        ]),
      ),
    ).toMatch(/^SHAPE_MISMATCH/)
    expect(
      failure(() =>
        shapeOf('Gemm', [
          [2, 2, 3],
          [3, 4],
        ]),
      ),
    ).toMatch(/^SHAPE_MISMATCH/)
  })
})

describe('Conv', () => {
  const cases: [string, number[], number[], ApplyOptions['attributes'], number[]][] = [
    ['valid', [5, 5], [3, 3], {}, [3, 3]],
    ['padded', [5, 5], [3, 3], { pads: [1, 1, 1, 1] }, [5, 5]],
    ['strided, uneven pads', [7, 5], [3, 3], { pads: [1, 0, 1, 0], strides: [2, 2] }, [4, 2]],
    ['dilated', [7, 7], [3, 3], { dilations: [2, 2] }, [3, 3]],
    ['7×7 stem', [224, 224], [7, 7], { pads: [3, 3, 3, 3], strides: [2, 2] }, [112, 112]],
    ['patches', [36, 36], [16, 16], { strides: [16, 16] }, [2, 2]],
    ['one dimension', [10], [4], { strides: [3] }, [3]],
    ['SAME_UPPER', [5, 6], [3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }, [3, 3]],
    ['SAME_LOWER', [5, 6], [2, 2], { auto_pad: 'SAME_LOWER' }, [5, 6]],
    ['VALID', [5, 6], [2, 2], { auto_pad: 'VALID' }, [4, 5]],
  ]
  test.each(cases)('%s', (_name, size, kernel, attributes, result) => {
    expect(shapeOf('Conv', [['batch', 2, ...size], [8, 2, ...kernel], [8]], { attributes })).toEqual([
      'batch',
      8,
      ...result,
    ])
  })

  test('groups: channels and filters have to divide', () => {
    expect(
      shapeOf(
        'Conv',
        [
          [1, 4, 5, 5],
          [4, 1, 3, 3],
        ],
        { attributes: { group: 4 } },
      ),
    ).toEqual([1, 4, 3, 3])
    expect(
      failure(() =>
        shapeOf(
          'Conv',
          [
            [1, 4, 5, 5],
            [4, 2, 3, 3],
          ],
          { attributes: { group: 4 } },
        ),
      ),
    ).toMatch(/^SHAPE_MISMATCH/)
    expect(
      failure(() =>
        shapeOf(
          'Conv',
          [
            [1, 4, 5, 5],
            [3, 2, 3, 3],
          ],
          { attributes: { group: 2 } },
        ),
      ),
    ).toMatch(/3 filters do not divide into 2 groups/)
  })

  test('other things that do not fit', () => {
    const conv = (attributes: ApplyOptions['attributes'], w = [8, 2, 3, 3]): string =>
      failure(() => shapeOf('Conv', [[1, 2, 5, 5], w], { attributes }))
    expect(conv({}, [8, 2, 9, 9])).toMatch(/smaller than the window/)
    expect(conv({ strides: [0, 1] })).toMatch(/^INVALID_MODEL/)
    expect(conv({ pads: [1, 1] })).toMatch(/^INVALID_MODEL/)
    expect(conv({ kernel_shape: [2, 2] })).toMatch(/^SHAPE_MISMATCH/)
    expect(conv({ strides: 2 })).toMatch(/^INVALID_MODEL: attribute 'strides'/)
    expect(
      failure(() =>
        shapeOf('Conv', [
          [1, 2, 5],
          [8, 2, 3, 3],
        ]),
      ),
    ).toMatch(/^SHAPE_MISMATCH/)
  })

  test('an image size that is not known stays so, except for 1×1', () => {
    const pointwise = shapeOf('Conv', [
      ['n', 2, 'h', 'w'],
      [8, 2, 1, 1],
    ])
    expect(pointwise).toEqual(['n', 8, 'h', 'w'])
    const other = shapeOf('Conv', [
      ['n', 2, 'h', 'w'],
      [8, 2, 3, 3],
    ])
    expect(other.slice(2).every((d) => typeof d === 'string' && d !== 'h' && d !== 'w')).toBe(true)
  })
})

describe('multiply-accumulates for one image', () => {
  const macs = (...args: Parameters<typeof graphOfOne>): number => costs(graphOfOne(...args))[0]!.macs
  test('Conv: output size × filter size', () => {
    const attributes = { pads: [3, 3, 3, 3], strides: [2, 2] }
    expect(
      macs(
        'Conv',
        [
          ['batch', 3, 224, 224],
          [64, 3, 7, 7],
        ],
        { attributes },
      ),
    ).toBe(64 * 112 * 112 * 3 * 49)
    expect(
      macs(
        'Conv',
        [
          ['batch', 4, 5, 5],
          [4, 1, 3, 3],
        ],
        { attributes: { group: 4 } },
      ),
    ).toBe(4 * 9 * 9)
  })
  test('MatMul, Gemm, Linear', () => {
    expect(
      macs('MatMul', [
        ['batch', 197, 192],
        [192, 576],
      ]),
    ).toBe(197 * 192 * 576)
    expect(
      macs(
        'Gemm',
        [
          ['batch', 512],
          [1000, 512],
        ],
        { attributes: { transB: 1 } },
      ),
    ).toBe(512_000)
    expect(
      macs(
        'Linear',
        [
          ['batch', 197, 192],
          [576, 192],
        ],
        { domain: 'ai.tacojs' },
      ),
    ).toBe(197 * 192 * 576)
  })
  test('Attention: scores and their product with the values', () => {
    const operands = [
      ['batch', 3, 5, 4],
      ['batch', 3, 7, 4],
      ['batch', 3, 7, 6],
    ]
    expect(macs('Attention', operands, { domain: 'ai.tacojs', attributes: { scale: 1 } })).toBe(
      3 * 5 * 7 * 4 + 3 * 5 * 7 * 6,
    )
  })
  test('others cost none', () => {
    expect(macs('Reshape', [['batch', 4], int64([2], [-1, 2])])).toBe(0)
  })
})
