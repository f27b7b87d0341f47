import { describe, expect, test } from 'vitest'
import * as math from '../../src/tensor/math.ts'
import fc from '../property.ts'

/** Returns how many doubles are between a and b. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY
  const view = new DataView(new ArrayBuffer(8))
  const order = (x: number) => {
    view.setFloat64(0, x)
    const bits = view.getBigInt64(0)
    return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits
  }
  const distance = order(a) - order(b)
  return Number(distance < 0n ? -distance : distance)
}

const { PI } = Math
const between = (min: number, max: number) => fc.double({ min, max, noNaN: true })

describe('values computed with 140 bits, to 2 units in the last place', () => {
  const cases: [value: number, name: string, expected: number][] = [
    [math.exp(1), 'exp 1', Math.E],
    [math.exp(-0.5), 'exp -0.5', 0.6065306597126334],
    [math.exp(-12.5), 'exp -12.5', 3.726653172078671e-6],
    [math.exp(10), 'exp 10', 22026.465794806718],
    [math.log(10), 'log 10', Math.LN10],
    [math.log(0.1), 'log 0.1', -Math.LN10],
    [math.log(2), 'log 2', Math.LN2],
    [math.sin(1), 'sin 1', 0.8414709848078965],
    [math.sin(2), 'sin 2', 0.9092974268256817],
    [math.sin(100000), 'sin 100000', 0.03574879797201651],
    [math.cos(1), 'cos 1', 0.5403023058681398],
    [math.cos(3), 'cos 3', -0.9899924966004454],
    [math.cos(22), 'cos 22', -0.9999608263946371],
    [math.pow(0.5, 2.4), 'pow 0.5 2.4', 0.18946457081379978],
    [math.pow(0.2, 1 / 2.4), 'pow 0.2 1/2.4', 0.5114020895561203],
    [math.pow(3, 0.5), 'pow 3 0.5', 1.7320508075688772],
    [math.pow(1.5, 20), 'pow 1.5 20', 3325.256730079651],
    [math.atan2(1, 2), 'atan2 1 2', 0.4636476090008061],
    [math.atan2(2, 1), 'atan2 2 1', 1.1071487177940904],
    [math.atan2(-3, -4), 'atan2 -3 -4', -2.498091544796509],
    [math.atan2(1, -0.001), 'atan2 1 -0.001', 1.5717963264615635],
  ]
  for (const [value, name, expected] of cases) {
    test(name, () => expect(ulps(value, expected)).toBeLessThanOrEqual(2))
  }
})

describe("the engine's own functions agree to 3 units in the last place", () => {
  test('exp', () => {
    fc.assert(fc.property(between(-740, 709), (x) => ulps(math.exp(x), Math.exp(x)) <= 3))
    fc.assert(fc.property(between(-2, 2), (x) => ulps(math.exp(x), Math.exp(x)) <= 3))
  })
  test('log', () => {
    fc.assert(fc.property(between(5e-324, 1e308), (x) => ulps(math.log(x), Math.log(x)) <= 3))
    fc.assert(fc.property(between(0.5, 2), (x) => ulps(math.log(x), Math.log(x)) <= 3))
  })
  test('pow', () => {
    fc.assert(fc.property(between(1e-5, 10), between(-3, 3), (x, y) => ulps(math.pow(x, y), x ** y) <= 3))
  })
  test('sin and cos, also hard by the multiples of a quarter turn', () => {
    fc.assert(fc.property(between(-1e5, 1e5), (x) => ulps(math.sin(x), Math.sin(x)) <= 3))
    fc.assert(fc.property(between(-1e5, 1e5), (x) => ulps(math.cos(x), Math.cos(x)) <= 3))
    fc.assert(
      fc.property(fc.integer({ min: -60000, max: 60000 }), (n) => {
        const x = (n * PI) / 2
        return ulps(math.sin(x), Math.sin(x)) <= 3 && ulps(math.cos(x), Math.cos(x)) <= 3
      }),
    )
  })
  test('atan2', () => {
    fc.assert(
      fc.property(between(-1e3, 1e3), between(-1e3, 1e3), (y, x) => {
        return ulps(math.atan2(y, x), Math.atan2(y, x)) <= 3
      }),
    )
  })
})

describe('exact values and ends of the range', () => {
  test('exp', () => {
    expect(math.exp(0)).toBe(1)
    expect(math.exp(Number.NEGATIVE_INFINITY)).toBe(0)
    expect(math.exp(-746)).toBe(0)
    expect(math.exp(-745)).toBe(5e-324)
    expect(math.exp(710)).toBe(Number.POSITIVE_INFINITY)
    expect(math.exp(Number.NaN)).toBeNaN()
  })
  test('log', () => {
    expect(math.log(1)).toBe(0)
    expect(math.log(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(math.log(-1)).toBeNaN()
    expect(math.log(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY)
  })
  test('pow', () => {
    for (const [x, y, power] of [
      [2, 10, 1024],
      [4, 0.5, 2],
      [0.25, -0.5, 2],
      [10, 3, 1000],
      [0, 2.4, 0],
      [0, -1, Number.POSITIVE_INFINITY],
      [0, 0, 1],
      [1, 2.4, 1],
      [7, 1, 7],
      [0.1, 400, 0],
      [10, 400, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(math.pow(x, y), `${x} to the power ${y}`).toBe(power)
    }
    expect(math.pow(-1, 0.5)).toBeNaN()
  })
  test('sin and cos at 0', () => {
    expect(math.sin(0)).toBe(0)
    expect(math.cos(0)).toBe(1)
  })
  test('atan2 on the axes and diagonals, with the signs of zeros and infinities', () => {
    const values = [0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const y of values) {
      for (const x of values) expect(math.atan2(y, x), `atan2(${y}, ${x})`).toBe(Math.atan2(y, x))
    }
    expect(math.atan2(1, 1)).toBe(PI / 4)
    expect(math.atan2(1, -1)).toBe((3 * PI) / 4)
    expect(math.atan2(Number.NaN, 1)).toBeNaN()
  })
})
