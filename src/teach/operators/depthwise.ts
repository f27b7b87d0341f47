import { passOf, type Scene, sizeFormula, sizes, slide } from '../animate/scene.ts'
import {
  exampleInput,
  kernelSettings,
  meeting,
  perAxis,
  type SceneOptions,
  weightsOf,
} from '../animate/settings.ts'
import { kernel, kernelWords } from '../explain/solids.ts'
import type { Teaching } from './teaching.ts'

export const depthwiseSettings = [...kernelSettings, 'channels'] as const

/** Returns the pass in which every channel has its own filter. It is also the first of depthwise-separable. */
export async function depthwisePass(options: SceneOptions, name: 'between' | 'output') {
  const [height, width] = perAxis('size', options.size, [5, 5])
  const { channels = 3 } = options
  const x = exampleInput([channels, height, width])
  const weight = await weightsOf(options, channels, 1, [3, 3])
  const made = await passOf(x, weight, { ...meeting(options), groups: channels }, ({ shape }) => ({
    input: `input ${x.shape.join('x')}`,
    kernel: 'filter',
    output: `${name} ${shape.join('x')}`,
    outputTone: name,
  }))
  return { x, weight, ...made }
}

async function scene(options: SceneOptions): Promise<Scene> {
  const { x, weight, out, pass } = await depthwisePass(options, 'output')
  return {
    title: `${x.shape.join('x')}, each channel ∗ ${sizes(...weight.shape.slice(2))} → ${out.shape.join('x')}`,
    formula: `${sizeFormula(pass)}; weights ${weight.data.length} instead of ${weight.data.length * x.shape[0]!} for a plain convolution`,
    frames: slide(pass),
  }
}

export const teaching: Teaching = {
  animations: { depthwise: { takes: depthwiseSettings, scene } },
  between(e) {
    const { front, size, at, spread } = kernelWords(e)
    const count = e.input[0]!
    const caption = `${count * e.multiplier} of ${size}${at}\none channel each`
    return [kernel('filters', front, caption, { count, spread })]
  },
}
