import { referenceEngine } from '../../../definition/engine.ts'
import { ConvoError } from '../../../error.ts'
import { namedKernels } from '../../../filters/names.ts'
import { loadKernel } from '../../../kernel/source.ts'
import { pointwiseConv2d } from '../../../operators/pointwise.ts'
import { Tensor } from '../../../tensor/tensor.ts'
import { exampleInput, noise } from '../examples.ts'
import { type Scene, sign, sizes } from '../scene.ts'
import { mostDrawn, perAxis, type SceneOptions } from '../settings.ts'
import { pass2d, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

/** A row for each output channel, a column for each input channel. */
async function mixOf({ kernel: source, channels, filters }: SceneOptions): Promise<Tensor> {
  if (source === undefined) return noise([filters ?? 2, channels ?? 3, 1, 1], -1, 2)
  const kernel = await loadKernel(source, { names: namedKernels })
  const [rows, columns, kH = 1, kW = 1] = kernel.shape as [number, number, ...number[]]
  if (kernel.shape.length === 3 || kH * kW !== 1) {
    throw new ConvoError('E_SHAPE', `--kernel must be a matrix [O,C], got [${kernel.shape.join(',')}]`)
  }
  if (rows !== (filters ?? rows) || columns !== (channels ?? columns) || columns > 6) {
    throw new ConvoError('E_SHAPE', `--kernel has ${rows} rows and ${columns} columns`, {
      why: 'a row for each filter, a column for each channel; 6 channels at most',
    })
  }
  return new Tensor(
    [rows, columns, 1, 1],
    Float32Array.from(kernel.weights, (w) => w / kernel.scale),
  )
}

export const pointwiseAnimation: Animation = {
  takes: ['size', 'kernel', 'channels', 'filters'],
  async scene(options): Promise<Scene> {
    const [height, width] = perAxis('size', options.size, [4, 4]) as [number, number]
    const weight = await mixOf(options)
    const [filters, channels] = weight.shape as [number, number]
    const shown = Math.min(filters, mostDrawn)
    const x = exampleInput([channels, height, width])
    const out = await pointwiseConv2d(referenceEngine, x, weight)
    const pass = pass2d(
      [x, weight, out],
      {},
      {
        input: `input ${sizes(height, width, channels)}`,
        kernel: 'filter',
        output: `output ${sizes(height, width, filters)}${shown < filters ? `, ${shown} drawn` : ''}`,
      },
      shown,
    )
    return {
      title: `${sizes(height, width, channels)} ∗ ${filters} filters ${sizes(1, 1, channels)} → ${sizes(height, width, filters)}`,
      formula: `weights ${filters}·${channels} = ${weight.data.length}`,
      frames: slide(pass, ({ input, kernel, output }) => [input, sign('∗'), kernel, sign('='), output]),
    }
  },
}
