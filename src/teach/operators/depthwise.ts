import { referenceEngine } from '../../definition/engine.ts'
import { depthwiseConv2d } from '../../operators/depthwise.ts'
import { pass2d, type Scene, sizeFormula, sizes, slide } from '../animate/scene.ts'
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
export async function depthwisePass(options: SceneOptions, name: string) {
  const [height, width] = perAxis('size', options.size, [5, 5])
  const channels = options.channels ?? 3
  const x = exampleInput([channels, height, width])
  const weight = await weightsOf(options, channels, 1, [3, 3])
  const how = meeting(options)
  const out = await depthwiseConv2d(referenceEngine, x, weight, how)
  const pass = pass2d(
    [x, weight, out],
    { ...how, groups: channels },
    {
      input: `input ${sizes(height, width, channels)}`,
      kernel: 'filter',
      output: `${name} ${sizes(out.shape[1]!, out.shape[2]!, channels)}`,
      outputTone: name === 'output' ? 'output' : 'between',
    },
  )
  return { x, weight, out, how, pass }
}

async function scene(options: SceneOptions): Promise<Scene> {
  const { x, weight, out, pass } = await depthwisePass(options, 'output')
  const [channels, height, width] = x.shape as [number, number, number]
  return {
    title: `${sizes(height, width, channels)}, each channel ∗ ${sizes(weight.shape[2]!, weight.shape[3]!)} → ${sizes(out.shape[1]!, out.shape[2]!, channels)}`,
    formula: `${sizeFormula(pass)}; weights ${weight.data.length} instead of ${weight.data.length * channels} for a plain convolution`,
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
