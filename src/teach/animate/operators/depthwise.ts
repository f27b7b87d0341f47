import { referenceEngine } from '../../../definition/engine.ts'
import { depthwiseConv2d } from '../../../operators/depthwise.ts'
import { exampleInput } from '../examples.ts'
import { type Scene, sign, sizes } from '../scene.ts'
import { oneDilation, perAxis, type SceneOptions, weightsOf } from '../settings.ts'
import { pass2d, sizeFormula, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

export const depthwiseSettings = [
  'size',
  'kernel',
  'kernel-size',
  'stride',
  'padding',
  'dilation',
  'channels',
] as const

/** The first step: every channel by a filter of its own. */
export async function depthwisePass(options: SceneOptions, name: string) {
  const [height, width] = perAxis('size', options.size, [5, 5]) as [number, number]
  const channels = options.channels ?? 3
  const x = exampleInput([channels, height, width])
  const weight = await weightsOf(options, channels, 1, [3, 3])
  const how = { stride: options.stride ?? 1, padding: options.padding ?? 0, dilation: oneDilation(options) }
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

export const depthwiseAnimation: Animation = {
  takes: depthwiseSettings,
  async scene(options): Promise<Scene> {
    const { x, weight, out, pass } = await depthwisePass(options, 'output')
    const [channels, height, width] = x.shape as [number, number, number]
    return {
      title: `${sizes(height, width, channels)}, each channel ∗ ${sizes(weight.shape[2]!, weight.shape[3]!)} → ${sizes(out.shape[1]!, out.shape[2]!, channels)}`,
      formula: `${sizeFormula(pass)}; weights ${weight.data.length}, a plain convolution needs ${weight.data.length * channels}`,
      frames: slide(pass, ({ input, kernel, output }) => [input, sign('∗'), kernel, sign('='), output]),
    }
  },
}
