import { referenceEngine } from '../../../definition/engine.ts'
import { depthwiseSeparableConv2d } from '../../../operators/depthwise-separable.ts'
import { noise } from '../examples.ts'
import { type Scene, sizes } from '../scene.ts'
import { mostDrawn } from '../settings.ts'
import { pass2d, twoPasses } from '../slide.ts'
import { depthwisePass, depthwiseSettings } from './depthwise.ts'
import type { Animation } from './entry.ts'

export const depthwiseSeparableAnimation: Animation = {
  takes: [...depthwiseSettings, 'filters'],
  async scene(options): Promise<Scene> {
    const { x, weight, out: between, how, pass } = await depthwisePass(options, 'between')
    const [channels, height, width] = x.shape as [number, number, number]
    const filters = options.filters ?? 2
    const shown = Math.min(filters, mostDrawn)
    const mix = noise([filters, channels, 1, 1], -1, 2)
    const out = await depthwiseSeparableConv2d(referenceEngine, x, weight, mix, how)
    const second = pass2d(
      [between, mix, out],
      {},
      {
        input: pass.names.output,
        inputTone: 'between',
        kernel: filters === 1 ? 'filter 1x1' : '1x1 filter',
        output: `output ${sizes(out.shape[1]!, out.shape[2]!, filters)}${shown < filters ? `, ${shown} drawn` : ''}`,
      },
      shown,
    )
    const plain = filters * weight.data.length
    return {
      title: `${sizes(height, width, channels)} → ${sizes(out.shape[1]!, out.shape[2]!, channels)} → ${sizes(out.shape[1]!, out.shape[2]!, filters)}`,
      formula: `weights ${weight.data.length} + ${mix.data.length} = ${weight.data.length + mix.data.length}, a plain convolution needs ${plain}`,
      frames: twoPasses(pass, second),
    }
  },
}
