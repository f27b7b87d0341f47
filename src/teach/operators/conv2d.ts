import { passOf, type Scene, sizeFormula, sizes, slide } from '../animate/scene.ts'
import {
  drawnOf,
  exampleInput,
  kernelSettings,
  meeting,
  perAxis,
  type SceneOptions,
  weightsOf,
} from '../animate/settings.ts'
import type { Teaching } from './teaching.ts'

/** Returns the scene of a bank of filters over channels. The animations that use it differ only in their defaults. */
export async function bankScene(
  options: SceneOptions,
  usual: Record<'channels' | 'filters' | 'size', number> & { groups?: number; shown?: number },
): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [usual.size, usual.size])
  const { channels = usual.channels, filters = usual.filters, groups = usual.groups ?? 1 } = options
  const x = exampleInput([channels, height, width])
  // if the groups do not divide the channels, the operator throws
  const weight = await weightsOf(options, filters, Math.max(1, Math.floor(channels / groups)), [3, 3])
  const how = { ...meeting(options), groups }
  const [shown, drawn] = drawnOf(filters, usual.shown)
  const size = (shape: readonly number[]) =>
    channels * filters === 1 ? sizes(...shape.slice(-2)) : shape.join('x')
  const [input, kernel] = [size(x.shape), size(weight.shape.slice(1))]
  const names = ({ shape }: { readonly shape: readonly number[] }) => ({
    input: `input ${input}`,
    kernel: filters === 1 ? `kernel ${kernel}` : 'filter',
    output: `output ${size(shape)}${drawn}`,
  })
  const { pass, out } = await passOf(x, weight, how, names, shown)
  const many = filters === 1 ? '' : `${filters} filters `
  const grouped = groups === 1 ? '' : `, ${groups} groups`
  return {
    title: `${input} ∗ ${many}${kernel}${grouped} → ${size(out.shape)}`,
    formula: `stride ${how.stride}, padding ${how.padding}, dilation ${how.dilation}: ${sizeFormula(pass)}; weights ${weight.data.length}`,
    frames: slide(pass),
  }
}

export const bankSettings = [...kernelSettings, 'channels', 'filters', 'groups'] as const

export const teaching: Teaching = {
  animations: {
    conv2d: {
      takes: bankSettings,
      scene: (options) => bankScene(options, { channels: 1, filters: 1, size: 5 }),
    },
    'multi-channel': {
      takes: bankSettings,
      scene: (options) => bankScene(options, { channels: 3, filters: 1, size: 5 }),
    },
  },
}
