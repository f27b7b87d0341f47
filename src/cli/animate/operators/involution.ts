import { referenceEngine } from '../../../conv/engine.ts'
import { ConvoError } from '../../../error.ts'
import { involution2d } from '../../../operators/involution.ts'
import { pointwiseConv2d } from '../../../operators/pointwise.ts'
import { Tensor } from '../../../tensor/tensor.ts'
import { noise } from '../examples.ts'
import { type Frame, type Plane, show, sign, sizes } from '../scene.ts'
import { oneDilation, perAxis } from '../settings.ts'
import { momentOf, type Pass, pass2d } from '../slide.ts'
import type { Animation } from './entry.ts'

export const involutionAnimation: Animation = {
  takes: ['size', 'kernel-size', 'dilation', 'channels'],
  async scene(options) {
    const [height, width] = perAxis('size', options.size, [4, 4]) as [number, number]
    const [size, other] = perAxis('kernel-size', options['kernel-size'], [3, 3]) as [number, number]
    if (size !== other || size % 2 === 0) {
      throw new ConvoError(
        'E_OPTION',
        `--kernel-size of an involution must be one odd number, got ${size},${other}`,
      )
    }
    const dilation = oneDilation(options)
    const channels = options.channels ?? 2
    const x = noise([channels, height, width], 0, 2)
    const reduceWeight = new Tensor(
      [1, channels, 1, 1],
      Float32Array.from({ length: channels }, () => 1),
    )
    const spanWeight = noise([size * size, 1, 1, 1], -1, 1)
    const generator = { kernelSize: size, dilation, reduceWeight, spanWeight }
    const out = await involution2d(referenceEngine, x, generator)
    const hidden = await pointwiseConv2d(referenceEngine, x, reduceWeight, { activation: 'relu' })
    const kernels = await pointwiseConv2d(referenceEngine, hidden, spanWeight)
    const places = height * width
    const kernelAt = (k: number) =>
      Float32Array.from({ length: size * size }, (_, t) => kernels.data[t * places + k]!)
    const half = ((size - 1) / 2) * dilation
    /** The pass of a kernel that would be the same everywhere: only its place k is looked at. */
    const passAt = (k: number): Pass => {
      const bank = new Tensor(
        [channels, 1, size, size],
        Float32Array.from({ length: channels * size * size }, (_, t) => kernelAt(k)[t % (size * size)]!),
      )
      const how = { padding: half, dilation, groups: channels }
      const pass = pass2d([x, bank, out], how, {
        input: `input ${sizes(height, width, channels)}`,
        kernel: 'kernel of this pixel',
        output: `output ${sizes(height, width, channels)}`,
      })
      return pass
    }
    const frames = Array.from({ length: places }, (_, k): Frame => {
      const pass = passAt(k)
      const [i, j] = [Math.floor(k / width), k % width]
      const moments = pass.outputs.map((_place, o) => momentOf(pass, { o, i, j }))
      const pixel = Array.from({ length: channels }, (__, c) => x.data[c * places + k]!)
      return {
        parts: [
          {
            ...moments[0]!.input,
            planes: moments.map((m, c) => withPixel(m.input.planes[c]!, i + half, j + half)),
          },
          sign('∗'),
          { ...moments[0]!.kernel, title: 'kernel of this pixel' },
          sign('='),
          {
            ...moments[0]!.output,
            planes: pass.outputs.map((plane, c) => ({
              ...moments[c]!.output.planes[c]!,
              cells: Array.from(plane, (value, p) =>
                p > k ? {} : { value, mark: p === k ? ('now' as const) : undefined },
              ),
            })),
          },
        ],
        caption: [
          `row ${i + 1}, column ${j + 1}: relu(${pixel.map(show).join(' + ')}) = ${show(hidden.data[k]!)}; kernel = ${show(hidden.data[k]!)} · (${Array.from(spanWeight.data, show).join(' ')})`,
          ...moments.map((m, c) => `channel ${c + 1}: ${m.caption[0]}`),
        ],
      }
    })
    return {
      title: `${sizes(height, width, channels)}, kernels ${sizes(size, size)} made from the pixels → ${sizes(height, width, channels)}`,
      formula:
        'kernel = span · relu(reduce · pixel): other than in a convolution it changes from pixel to pixel and serves all channels',
      frames,
    }
  },
}

/** The plane with the pixel marked that makes the kernel. */
const withPixel = (plane: Plane, y: number, x: number): Plane => ({
  ...plane,
  cells: plane.cells.map((cell, k) => (k === y * plane.columns + x ? { ...cell, mark: 'now' } : cell)),
})
