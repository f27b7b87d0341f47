import { referenceEngine } from '../../../definition/engine.ts'
import { conv3d } from '../../../operators/conv3d.ts'
import { noise } from '../examples.ts'
import { sign } from '../scene.ts'
import { oneDilation, perAxis, weightsOf } from '../settings.ts'
import { pass3d, sizeFormula, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

export const conv3dAnimation: Animation = {
  takes: ['size', 'kernel', 'kernel-size', 'stride', 'padding', 'dilation'],
  async scene(options) {
    const size = perAxis('size', options.size, [4, 5, 5])
    const x = noise([1, ...size], 0, 3)
    const weight = await weightsOf(options, 1, 1, [3, 3, 3])
    const how = { stride: options.stride ?? 1, padding: options.padding ?? 0, dilation: oneDilation(options) }
    const out = await conv3d(referenceEngine, x, weight, how)
    const kernel = weight.shape.slice(2)
    const pass = pass3d([x, weight, out], how, {
      input: `input ${size.join('x')}`,
      kernel: `kernel ${kernel.join('x')}`,
      output: `output ${out.shape.slice(1).join('x')}`,
    })
    return {
      title: `${size.join('x')} ∗ ${kernel.join('x')} → ${out.shape.slice(1).join('x')} (depth x height x width)`,
      formula: `stride ${how.stride}, padding ${how.padding}, dilation ${how.dilation}: ${sizeFormula(pass)}; depth ${size[0]} → ${out.shape[1]}; weights ${weight.data.length}`,
      frames: slide(pass, ({ input, kernel: k, output }) => [input, sign('∗'), k, sign('='), output]),
    }
  },
}
