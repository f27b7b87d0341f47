const f32 = Math.fround
const pi = f32(Math.PI)
const halfPi = f32(Math.PI / 2)

/** The polynomial of degree 8 nearest to atan(√z)/√z on 0..1 in relative error, 1.5e-8 before rounding; highest power first. */
const polynomial = [
  0.0028498864267021418, -0.01606861501932144, 0.04269149899482727, -0.07504292577505112, 0.10640933364629745,
  -0.14203643798828125, 0.1999261975288391, -0.3333307206630707, 1,
].map(f32)

/**
 * Returns the direction of (x, y) as a sample: ((atan2(y, x) / π) + 1) · (full / 2). Every step is rounded to float32,
 * so that the result is the same on every machine. With q = the smaller of |x|, |y| divided by the larger (0 if both
 * are 0), atan = q · P(q²), moved into its octant by π/2 − a, π − a and −a. East is full / 2; directions turn towards
 * y.
 */
export function angleSample(y: number, x: number, full: number): number {
  const [across, up] = [Math.abs(x), Math.abs(y)]
  const [larger, smaller] = up > across ? [up, across] : [across, up]
  const q = larger > 0 ? f32(smaller / larger) : 0
  const z = f32(q * q)
  const p = polynomial.reduce((sum, c) => f32(f32(sum * z) + c))
  let a = f32(q * p)
  if (up > across) a = f32(halfPi - a)
  if (x < 0) a = f32(pi - a)
  if (y < 0) a = -a
  return f32(f32(f32(a / pi) + 1) * f32(full * 0.5))
}
