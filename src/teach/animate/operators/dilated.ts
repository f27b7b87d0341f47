import { extent } from '../../../conv/geometry.ts'
import { referenceEngine } from '../../../definition/engine.ts'
import { conv2d } from '../../../operators/conv2d.ts'
import { exampleInput } from '../examples.ts'
import { type Frame, sign, sizes } from '../scene.ts'
import { perAxis, weightsOf } from '../settings.ts'
import { pass2d, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

export const dilatedAnimation: Animation = {
  takes: ['size', 'kernel', 'kernel-size', 'stride', 'padding', 'dilation'],
  async scene(options) {
    const rates = options.dilation ?? [1, 2, 4]
    const weight = await weightsOf(options, 1, 1, [3, 3])
    const [kH, kW] = weight.shape.slice(2) as [number, number]
    const frames: Frame[] = []
    for (const dilation of rates) {
      const seen = [extent(kH, dilation), extent(kW, dilation)] as const
      // by default the input is as large as the dilated kernel
      const usual = seen.map((n) => Math.max(7, n))
      const [height, width] = perAxis('size', options.size, usual) as [number, number]
      const x = exampleInput([1, height, width])
      const how = { stride: options.stride ?? 1, padding: options.padding ?? 0, dilation }
      const out = await conv2d(referenceEngine, x, weight, how)
      const pass = pass2d([x, weight, out], how, {
        input: `input ${sizes(height, width)}, sees ${sizes(...seen)}`,
        kernel: `kernel ${sizes(kH, kW)}, rate ${dilation}`,
        output: `output ${sizes(...out.shape.slice(1))}`,
      })
      frames.push(
        ...slide(pass, ({ input, kernel, output }) => [input, sign('∗'), kernel, sign('='), output]),
      )
    }
    return {
      title: `${sizes(kH, kW)} at ${rates.length === 1 ? 'rate' : 'rates'} ${rates.join(', ')}`,
      formula: `a kernel of k at rate l sees l·(k − 1) + 1: ${rates.map((l) => extent(kH, l)).join(', ')}, always with ${kH * kW} weights`,
      frames,
    }
  },
}
