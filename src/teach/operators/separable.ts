import { correlationOf } from '../../conv/spec.ts'
import { kernel as plain } from '../../kernel/kernel.ts'
import { separateKernel } from '../../operators/separate.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { passOf, type Scene, show, sizes, twoPasses } from '../animate/scene.ts'
import { noise, perAxis, type SceneOptions, weightsOf } from '../animate/settings.ts'
import { kernel } from '../explain/solids.ts'
import type { Teaching } from './teaching.ts'

/** Sobel's kernel: 1 2 1 down, -1 0 1 across. */
const sobel = () => new Tensor([1, 1, 3, 3], Float32Array.of(-1, 0, 1, -2, 0, 2, -1, 0, 1))

async function scene(options: SceneOptions): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [5, 5])
  const x = noise([1, height, width], 0, 3)
  const weight = await weightsOf(options, 1, 1, [3, 3], sobel)
  const [kH, kW] = weight.shape.slice(2) as [number, number]
  const factors = await separateKernel(plain([kH, kW], weight.data))
  const [column, row] = [Float32Array.from(factors.column), Float32Array.from(factors.row)]
  const { stride = 1, padding = 0 } = options
  const [, rows, columns] = correlationOf(2, x, weight, { stride, padding }).axes
  const input = `input ${sizes(height, width)}`
  const down = await passOf(
    x,
    new Tensor([1, 1, kH, 1], column),
    {
      stride: [stride, 1],
      padding: [
        [rows.before, rows.after],
        [0, 0],
      ],
    },
    ({ shape }) => {
      const output = `between ${sizes(...shape.slice(1))}`
      return { input, kernel: 'column', output, outputTone: 'between' }
    },
  )
  const across = await passOf(
    down.out,
    new Tensor([1, 1, 1, kW], row),
    {
      stride: [1, stride],
      padding: [
        [0, 0],
        [columns.before, columns.after],
      ],
    },
    ({ shape }) => {
      const output = `output ${sizes(...shape.slice(1))}`
      return { input: down.pass.names.output, inputTone: 'between', kernel: 'row', output }
    },
  )
  const [middle, end] = [down, across].map(({ out }) => sizes(...out.shape.slice(1)))
  return {
    title: `${sizes(height, width)} ∗ ${sizes(kH, 1)} → ${middle} ∗ ${sizes(1, kW)} → ${end}`,
    formula: `(${Array.from(column, show).join(' ')})ᵀ × (${Array.from(row, show).join(' ')}): ${kH} + ${kW} = ${kH + kW} weights instead of ${kH * kW}`,
    frames: twoPasses(down.pass, across.pass),
  }
}

export const teaching: Teaching = {
  animations: { separable: { takes: ['size', 'kernel', 'stride', 'padding'], scene } },
  between: ({ kernel: [kH, kW] }) => [
    kernel('column', [kH!, 1], `1x${kH}`),
    '∗',
    kernel('row', [1, kW!], `${kW}x1`),
  ],
}
