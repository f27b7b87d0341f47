import { referenceEngine } from '../../definition/engine.ts'
import { depthwiseSeparableConv2d } from '../../operators/depthwise-separable.ts'
import { pass2d, type Scene, sizes, twoPasses } from '../animate/scene.ts'
import { drawnOf, noise, type SceneOptions } from '../animate/settings.ts'
import { kernel, kernelWords, tensor } from '../explain/solids.ts'
import { depthwisePass, depthwiseSettings } from './depthwise.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const { x, weight, out: between, how, pass } = await depthwisePass(options, 'between')
  const [channels, height, width] = x.shape as [number, number, number]
  const filters = options.filters ?? 2
  const [shown, drawn] = drawnOf(filters)
  const mix = noise([filters, channels, 1, 1], -1, 2)
  const out = await depthwiseSeparableConv2d(referenceEngine, x, weight, mix, how)
  const second = pass2d(
    [between, mix, out],
    {},
    {
      input: pass.names.output,
      inputTone: 'between',
      kernel: filters === 1 ? 'filter 1x1' : '1x1 filter',
      output: `output ${sizes(out.shape[1]!, out.shape[2]!, filters)}${drawn}`,
    },
    shown,
  )
  const plain = filters * weight.data.length
  return {
    title: `${sizes(height, width, channels)} → ${sizes(out.shape[1]!, out.shape[2]!, channels)} → ${sizes(out.shape[1]!, out.shape[2]!, filters)}`,
    formula: `weights ${weight.data.length} + ${mix.data.length} = ${weight.data.length + mix.data.length} instead of ${plain} for a plain convolution`,
    frames: twoPasses(pass, second),
  }
}

export const teaching: Teaching = {
  animations: { 'depthwise-separable': { takes: [...depthwiseSettings, 'filters'], scene } },
  between(e) {
    const { front, size, at, spread } = kernelWords(e)
    const count = e.input[0]!
    const depth = count * e.multiplier
    const filters = e.output[0]!
    return [
      kernel('depthwise', front, `${depth} of ${size}${at}`, { count, spread }),
      '=',
      { ...tensor([depth, ...e.sizes.map((s) => s.output)]), title: 'between', tone: 'between' },
      '∗',
      kernel('pointwise', [1, 1], `${filters} of 1x1x${depth}`, { depth, count: filters }),
    ]
  },
}
