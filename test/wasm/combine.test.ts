import { afterEach, expect, test } from 'vitest'
import { floats, random, scratch, sizes } from './scratch.ts'

const s = scratch()
const { wasm } = s
const f = Math.fround
const next = random(3)
const lengths = sizes.slice(0, 75)

afterEach(() => expect(s.broken()).toEqual([]))

/** Compares a loop with its definition on two rows of every length, with a separate result and in place. */
function agrees(
  loop: (dst: number, a: number, b: number, n: number) => void,
  define: (a: number, b: number) => number,
  size = 2000,
) {
  for (const n of lengths) {
    s.reset()
    const [a, b] = [floats(next, n, size), floats(next, n, size)]
    if (n > 3) b[2] = a[2]!
    const [pa, pb, to] = [s.put(a), s.put(b), s.room(4 * n)]
    const expected = a.map((v, i) => define(v, b[i]!))
    loop(to, pa, pb, n)
    expect(s.f32(to, n)).toEqual(expected)
    loop(pa, pa, pb, n)
    expect(s.f32(pa, n)).toEqual(expected)
    expect(s.broken()).toEqual([])
  }
}

test('scale is a true division, for powers of two as well', () => {
  for (const scale of [1, 2, 0.25, -8, 3, 9, 0.1, 273, 2 ** -120, 2 ** 126, 3e38, 1e-40]) {
    const by = f(scale)
    agrees(
      (dst, a, _, n) => wasm.scaleRow(dst, a, n, by),
      (a) => f(a / by),
    )
  }
})

test('magnitude', () => agrees(wasm.magnitude, (a, b) => f(Math.sqrt(f(f(a * a) + f(b * b))))))
test('larger', () => agrees(wasm.larger, (a, b) => Math.max(a, b)))
test('difference', () => agrees(wasm.difference, (a, b) => f(a - b)))
test('sum of squares', () =>
  agrees(
    (dst, a, b, n) => wasm.addSquare(dst, a, b, n),
    (a, b) => f(a + f(b * b)),
  ))

test('unsharp only where the difference exceeds the threshold', () => {
  for (const threshold of [0, 100, 500.5]) {
    agrees(
      (dst, a, b, n) => wasm.unsharp(dst, a, b, n, 0.7, threshold),
      (a, b) => (Math.abs(f(a - b)) > threshold ? f(a + f(f(0.7) * f(a - b))) : a),
    )
  }
})

test('share of the squares, 0 where there are none', () => {
  for (const n of lengths) {
    s.reset()
    const [a, b] = [floats(next, n, 2000).map(Math.abs), floats(next, n, 2000).map(Math.abs)]
    const to = s.room(4 * n)
    wasm.share(to, s.put(a), s.put(b), n, 255)
    expect(s.f32(to, n)).toEqual(a.map((v, i) => (b[i] === 0 ? 0 : f(255 * f(Math.sqrt(f(v / b[i]!)))))))
  }
})

const P = [
  0.0028498864267021418, -0.01606861501932144, 0.04269149899482727, -0.07504292577505112, 0.10640933364629745,
  -0.14203643798828125, 0.1999261975288391, -0.3333307206630707, 1,
].map(f)

/** The definition of the angle, in plain float32. */
function angle(x: number, y: number, full: number): number {
  const [across, up] = [Math.abs(x), Math.abs(y)]
  const steep = up > across
  const [large, small] = steep ? [up, across] : [across, up]
  const q = large > 0 ? f(small / large) : 0
  const z = f(q * q)
  let p = P[0]!
  for (const c of P.slice(1)) p = f(f(p * z) + c)
  let a = f(q * p)
  if (steep) a = f(f(Math.PI / 2) - a)
  if (x < 0) a = f(f(Math.PI) - a)
  if (y < 0) a = -a
  return f(f(f(a / f(Math.PI)) + 1) * f(full / 2))
}

test('the angle equals its definition bit for bit, and the true angle closely', () => {
  for (const full of [255, 65535]) {
    agrees(
      (dst, a, b, n) => wasm.angle(dst, a, b, n, full),
      (a, b) => angle(a, b, full),
    )
  }
  let worst = 0
  for (let i = 0; i < 20000; i++) {
    const [x, y] = [(next() * 2 - 1) * 1020, (next() * 2 - 1) * 1020]
    worst = Math.max(worst, Math.abs(angle(f(x), f(y), 1) - (Math.atan2(f(y), f(x)) / Math.PI + 1) / 2))
  }
  expect(worst).toBeLessThan(2e-7)
})

test('the angle at the axes', () => {
  const x = Float32Array.of(0, 1, 1, 0, -1, -1, -1, 0, 1, -0)
  const y = Float32Array.of(0, 0, 1, 1, 1, 0, -1, -1, -1, 0)
  s.reset()
  const to = s.room(4 * x.length)
  wasm.angle(to, s.put(x), s.put(y), x.length, 8)
  const expected = [4, 4, 5, 6, 7, 8, 1, 2, 3, 4]
  s.f32(to, x.length).forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i]!, 5)
  })
  expect(s.f32(to, 6)[5]).toBe(8)
})
