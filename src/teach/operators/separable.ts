import { correlationOf } from '../../conv/spec.ts'
import { referenceEngine } from '../../definition/engine.ts'
import { kernel as plain } from '../../kernel/kernel.ts'
import { conv2d } from '../../operators/conv2d.ts'
import { separableConv2d } from '../../operators/separable.ts'
import { separateKernel } from '../../operators/separate.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { pass2d, type Scene, show, sizes, twoPasses } from '../animate/scene.ts'
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
  const how = { stride: options.stride ?? 1, padding: options.padding ?? 0 }
  const out = await separableConv2d(referenceEngine, x, column, row, how)
  const { axes } = correlationOf(2, x, weight, how)
  const pad = axes.map(({ before, after }) => [before, after] as const)
  const down = new Tensor([1, 1, kH, 1], column)
  const across = new Tensor([1, 1, 1, kW], row)
  const [first, second] = [
    { stride: [how.stride, 1], padding: [pad[1]!, [0, 0] as const] },
    { stride: [1, how.stride], padding: [[0, 0] as const, pad[2]!] },
  ]
  const between = await conv2d(referenceEngine, x, down, first)
  const [outHeight, outWidth] = out.shape.slice(1) as [number, number]
  const middle = sizes(outHeight, width)
  return {
    title: `${sizes(height, width)} ∗ ${sizes(kH, 1)} → ${middle} ∗ ${sizes(1, kW)} → ${sizes(outHeight, outWidth)}`,
    formula: `(${Array.from(column, show).join(' ')})ᵀ × (${Array.from(row, show).join(' ')}): ${kH} + ${kW} = ${kH + kW} weights instead of ${kH * kW}`,
    frames: twoPasses(
      pass2d([x, down, between], first, {
        input: `input ${sizes(height, width)}`,
        kernel: 'column',
        output: `between ${middle}`,
        outputTone: 'between',
      }),
      pass2d([between, across, out], second, {
        input: `between ${middle}`,
        inputTone: 'between',
        kernel: 'row',
        output: `output ${sizes(outHeight, outWidth)}`,
      }),
    ),
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
