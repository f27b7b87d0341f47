import { describe, expect, it } from 'vitest'

/** Whether the matchers consider them equal. */
const areEqual = (a: unknown, b: unknown) => {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}

describe('numbers are compared as the matchers compare them', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['the same', Float32Array.of(1, 2), Float32Array.of(1, 2), true],
    ['NaN', Float32Array.of(Number.NaN), Float32Array.of(Number.NaN), true],
    ['zeros of other signs', Float32Array.of(0), Float32Array.of(-0), false],
    ['a last one that differs', Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4), false],
    ['one more', Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0), false],
    ['the same bytes of another kind', Uint8Array.of(1), Int8Array.of(1), false],
    ['a Buffer and what is none', Buffer.of(1), Uint8Array.of(1), false],
    ['NaN of other bits', nan(0x7fc00000), nan(0x7fc00001), true],
    ['views of larger memory', Uint8Array.of(9, 1, 2).subarray(1), Uint8Array.of(1, 2), true],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(2)), new Uint8Array(2), true],
    ['lists', [1, Number.NaN, -0], [1, Number.NaN, -0], true],
    ['lists with zeros of other signs', [0], [-0], false],
    ['lists of words of numbers', ['1'], [1], false],
    ['lists in lists', [[1], [2]], [[1], [3]], false],
    ['in objects', { a: Uint8Array.of(1) }, { a: Uint8Array.of(2) }, false],
    ['in maps', new Map([['a', Buffer.of(1)]]), new Map([['a', Buffer.of(1)]]), true],
  ])('%s', (_, a, b, isEqual) => {
    expect(areEqual(a, b)).toBe(isEqual)
  })

  it('no list with a hole is strictly one of numbers', () => {
    // biome-ignore lint/suspicious/noSparseArray: holes are what this is about
    expect([1, , 2]).not.toStrictEqual([1, undefined, 2])
    expect(Uint8Array.of(1)).not.toStrictEqual(Buffer.of(1))
  })
})

function nan(bits: number): Float32Array {
  return new Float32Array(Uint32Array.of(bits).buffer)
}
