import type { Axis } from '../../conv/geometry.ts'
import { transpositionOf } from '../../conv/spec.ts'
import { referenceEngine } from '../../definition/engine.ts'
import { ConvoError } from '../../error.ts'
import { convTranspose2d } from '../../operators/transposed.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { type Cell, correlated, type Frame, planePanel, type Scene, show, sizes } from '../animate/scene.ts'
import {
  kernelSettings,
  noise,
  oneDilation,
  perAxis,
  type SceneOptions,
  tent,
  weightsOf,
} from '../animate/settings.ts'
import { kernel as kernelPiece, kernelWords } from '../explain/solids.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [2, 2])
  const x = noise([1, height, width], 1, 4)
  const weight = await weightsOf(options, 1, 1, [4, 4], ([, , rows, columns]) => tent(rows!, columns!))
  const [kH, kW] = weight.shape.slice(2) as [number, number]
  const { padding = 0, stride = 3 } = options
  if (typeof padding === 'string') {
    throw new ConvoError('E_OPTION', `--padding of a transposed convolution must be a number, got ${padding}`)
  }
  const dilation = oneDilation(options)
  const how = { stride, dilation }
  const [, row, column] = transpositionOf(2, x, weight, { ...how, padding }).axes
  const cropped = await convTranspose2d(referenceEngine, x, weight, { ...how, padding })
  /** Returns the output of the first `count` pixels alone, before cropping. */
  const upTo = (count: number): Promise<Tensor> => {
    const part = x.data.map((v, i) => (i < count ? v : 0))
    return convTranspose2d(referenceEngine, new Tensor(x.shape, part), weight, how)
  }
  const [rows, columns] = (await upTo(0)).shape.slice(1) as [number, number]
  const isCut = (k: number) => {
    const [y, c] = [Math.floor(k / columns), k % columns]
    return y < padding || c < padding || y >= rows - padding || c >= columns - padding
  }
  const taps = Array.from(weight.data, (value) => ({ value }))
  const kernel = planePanel(`kernel ${sizes(kH, kW)}`, 'kernel', [kH, kW], taps)
  const size = sizes(...cropped.shape.slice(1))
  const outputTitle = `output ${size}${padding > 0 ? `, ${padding} cut off each side` : ''}`
  const frames: Frame[] = []
  /** The cells of the output that earlier pixels have added to. */
  const touched = new Set<number>()
  for (let p = 0; p <= x.data.length; p++) {
    const isEnd = p === x.data.length
    const [before, sums] = [await upTo(p), await upTo(p + 1)]
    const [i, j] = [Math.floor(p / width), p % width]
    const painted = new Map<number, number>()
    if (!isEnd) {
      weight.data.forEach((w, t) => {
        const y = i * stride + Math.floor(t / kW) * dilation
        painted.set(y * columns + j * stride + (t % kW) * dilation, w)
      })
    }
    const overlaps = [...painted.keys()].filter((k) => touched.has(k))
    const cells = Array.from(sums.data, (value, k): Cell => {
      const w = painted.get(k)
      const mark = isCut(k) ? 'cut' : undefined
      if (w === undefined) return touched.has(k) ? { value, mark } : { mark }
      return { value, mark: touched.has(k) ? 'overlap' : 'now', corner: `+${show(x.data[p]! * w)}` }
    })
    const pixels = Array.from(x.data, (value, k): Cell => ({ value, mark: k === p ? 'window' : undefined }))
    const input = planePanel(`input ${sizes(height, width)}`, 'input', [height, width], pixels)
    const output = planePanel(outputTitle, 'output', [rows, columns], cells)
    const shown = overlaps.slice(0, 4).map((k) => {
      const more = x.data[p]! * painted.get(k)!
      return `${show(before.data[k]!)} + ${show(more)} = ${show(sums.data[k]!)}`
    })
    const pixel = isEnd ? '' : show(x.data[p]!)
    frames.push({
      parts: correlated(input, kernel, output),
      caption: isEnd
        ? ['every pixel has added its kernel; overlaps are summed']
        : [
            `pixel ${pixel} adds ${pixel} · kernel, from row ${i * stride + 1}, column ${j * stride + 1}`,
            overlaps.length === 0
              ? 'nothing was there before'
              : `overlaps sum: ${shown.join(', ')}${overlaps.length > 4 ? ', …' : ''}`,
          ],
    })
    for (const k of painted.keys()) touched.add(k)
  }
  return {
    title: `${sizes(height, width)}, kernel ${sizes(kH, kW)}, stride ${stride} → ${size}`,
    formula: `(in − 1)·stride − 2·padding + dilation·(k − 1) + 1 = ${[...new Set([filled(row), filled(column)])].join(', ')}`,
    frames,
  }
}

export const teaching: Teaching = {
  animations: { transposed: { takes: kernelSettings, scene } },
  between(e) {
    const { front, size, at, inGroups, spread } = kernelWords(e)
    const depth = Math.max(1, e.output[0]! / e.groups)
    const caption = `${size}${at}${inGroups}\nadded by every pixel`
    return [kernelPiece('kernel', front, caption, { depth, count: e.input[0]!, spread })]
  },
}

/** Formats the output size of one axis, as `(2 − 1)·3 − 0 + 1·3 + 1 = 7`. */
const filled = ({ input, stride, before, after, dilation, kernel, output }: Axis): string =>
  `(${input} − 1)·${stride} − ${before + after} + ${dilation}·${kernel - 1} + 1 = ${output}`
