import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import { loadKernel } from '../../kernel/source.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { passOf, type Scene, sizes, slide } from '../animate/scene.ts'
import { drawnOf, exampleInput, noise, perAxis, type SceneOptions } from '../animate/settings.ts'
import type { Teaching } from './teaching.ts'

/** Returns the weights: a row for each output channel, a column for each input channel. */
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

async function scene(options: SceneOptions): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [4, 4])
  const weight = await mixOf(options)
  const [filters, channels] = weight.shape as [number, number]
  const [shown, drawn] = drawnOf(filters)
  const [input, output] = [sizes(height, width, channels), sizes(height, width, filters)]
  const names = () => ({ input: `input ${input}`, kernel: 'filter', output: `output ${output}${drawn}` })
  const { pass } = await passOf(exampleInput([channels, height, width]), weight, {}, names, shown)
  return {
    title: `${input} ∗ ${filters} filters ${sizes(1, 1, channels)} → ${output}`,
    formula: `weights ${filters}·${channels} = ${weight.data.length}`,
    frames: slide(pass),
  }
}

export const teaching: Teaching = {
  animations: { pointwise: { takes: ['size', 'kernel', 'channels', 'filters'], scene } },
}
