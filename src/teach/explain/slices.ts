import type { Explanation } from '../../operators/explain.ts'

/** The slices of a volume [C,D,H,W]. A step for pictures sees them one after the other as [C,H,W]. */
export const slicesOf = (shape: readonly number[]): number | undefined =>
  shape.length === 4 ? shape[1] : undefined
export const planeOf = ([channels = 1, ...size]: readonly number[]): readonly number[] => [
  channels,
  ...size.slice(-2),
]

export function ofSlices<E extends Explanation>(e: E, slices: number): E {
  const deep = ([channels = 1, ...size]: readonly number[]) => [channels, slices, ...size]
  const { count, formula, filled } = e.multiplications
  const { input, weights, output } = e.memory
  return {
    ...e,
    input: deep(e.input),
    output: deep(e.output),
    multiplications: {
      count: count * slices,
      formula: `D · ${formula}`,
      filled: `${slices} · ${filled.replace(String(count), String(count * slices))}`,
    },
    receptiveField: [1, ...e.receptiveField],
    step: [1, ...e.step],
    ...(e.plain && { plain: { ...e.plain, multiplications: e.plain.multiplications * slices } }),
    memory: { input: input * slices, weights, output: output * slices },
  }
}
