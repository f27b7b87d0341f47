import { passOf, type Scene, twoPasses } from '../animate/scene.ts'
import { drawnOf, noise, type SceneOptions } from '../animate/settings.ts'
import { kernel, kernelWords, tensor } from '../explain/solids.ts'
import { depthwisePass, depthwiseSettings } from './depthwise.ts'
import type { Teaching } from './teaching.ts'

async function scene(options: SceneOptions): Promise<Scene> {
  const { x, weight, out: between, pass } = await depthwisePass(options, 'between')
  const { filters = 2 } = options
  const [shown, drawn] = drawnOf(filters)
  const mix = noise([filters, x.shape[0]!, 1, 1], -1, 2)
  const names = ({ shape }: { readonly shape: readonly number[] }) => ({
    input: pass.names.output,
    inputTone: 'between' as const,
    kernel: filters === 1 ? 'filter 1x1' : '1x1 filter',
    output: `output ${shape.join('x')}${drawn}`,
  })
  const { out, pass: second } = await passOf(between, mix, {}, names, shown)
  const plain = filters * weight.data.length
  return {
    title: [x, between, out].map(({ shape }) => shape.join('x')).join(' → '),
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
