import type { Layer } from './layer.ts'

const nothing = new Float32Array(0)

/** A layer that takes the samples at the same place of up to four inputs; what it gives is rounded to float32. */
export const placewise = <S>(
  prepare: (settings: S) => (a: number, b: number, c: number, d: number) => number,
): Layer<S> => ({
  shape: (_, [x]) => x!,
  needs: (_, rows, inputs) => inputs.map(() => rows),
  run(settings, out, inputs, [first, end], _, [channels, , width]) {
    const f = prepare(settings)
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const rows = inputs.map((x) => x.data.subarray(x.at(c, y), x.at(c, y) + width))
        const [a = nothing, b = nothing, d = nothing, e = nothing] = rows
        const to = out.at(c, y)
        for (let i = 0; i < width; i++) out.data[to + i] = f(a[i]!, b[i]!, d[i]!, e[i]!)
      }
    }
  },
})
