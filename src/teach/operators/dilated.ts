import { extent } from '../../conv/geometry.ts'
import { type Frame, passOf, type Scene, sizes, slide } from '../animate/scene.ts'
import { exampleInput, kernelSettings, perAxis, type SceneOptions, weightsOf } from '../animate/settings.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const rates = options.dilation ?? [1, 2, 4]
  const weight = await weightsOf(options, 1, 1, [3, 3])
  const [kH, kW] = weight.shape.slice(2) as [number, number]
  const frames: Frame[] = []
  for (const dilation of rates) {
    const seen = [extent(kH, dilation), extent(kW, dilation)] as const
    // by default the input is as large as the dilated kernel, and at least 7x7
    const usual = [Math.max(7, seen[0]), Math.max(7, seen[1])] as const
    const [height, width] = perAxis('size', options.size, usual)
    const x = exampleInput([1, height, width])
    const how = { stride: options.stride ?? 1, padding: options.padding ?? 0, dilation }
    const { pass } = await passOf(x, weight, how, ({ shape }) => ({
      input: `input ${sizes(height, width)}, covers ${sizes(...seen)}`,
      kernel: `kernel ${sizes(kH, kW)}, rate ${dilation}`,
      output: `output ${sizes(...shape.slice(1))}`,
    }))
    frames.push(...slide(pass))
  }
  return {
    title: `${sizes(kH, kW)} at ${rates.length === 1 ? 'rate' : 'rates'} ${rates.join(', ')}`,
    formula: `a kernel of size k at rate l covers l·(k − 1) + 1: ${rates.map((l) => extent(kH, l)).join(', ')}, always with ${kH * kW} weights`,
    frames,
  }
}

export const teaching: Teaching = { animations: { dilated: { takes: kernelSettings, scene } } }
