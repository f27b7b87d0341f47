import { referenceEngine } from '../../definition/engine.ts'
import { conv2d } from '../../operators/conv2d.ts'
import { pass2d, type Scene, sizeFormula, sizes, slide } from '../animate/scene.ts'
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
  usual: {
    readonly channels: number
    readonly filters: number
    readonly size: number
    readonly groups?: number
    readonly shown?: number
  },
): Promise<Scene> {
  const [height, width] = perAxis('size', options.size, [usual.size, usual.size])
  const channels = options.channels ?? usual.channels
  const filters = options.filters ?? usual.filters
  const groups = options.groups ?? usual.groups ?? 1
  const x = exampleInput([channels, height, width])
  // if the groups do not divide the channels, the operator throws
  const weight = await weightsOf(options, filters, Math.max(1, Math.floor(channels / groups)), [3, 3])
  const how = { ...meeting(options), groups }
  const out = await conv2d(referenceEngine, x, weight, how)
  const [, outHeight, outWidth] = out.shape as [number, number, number]
  const [shown, drawn] = drawnOf(filters, usual.shown)
  const depth = (n: number) => (channels * filters === 1 ? [] : [n])
  const [kH, kW] = weight.shape.slice(2) as [number, number]
  const pass = pass2d(
    [x, weight, out],
    how,
    {
      input: `input ${sizes(height, width, ...depth(channels))}`,
      kernel: filters === 1 ? `kernel ${sizes(kH, kW, ...depth(channels / groups))}` : 'filter',
      output: `output ${sizes(outHeight, outWidth, ...depth(filters))}${drawn}`,
    },
    shown,
  )
  const many = filters === 1 ? '' : `${filters} filters `
  const grouped = groups === 1 ? '' : `, ${groups} groups`
  return {
    title: `${sizes(height, width, ...depth(channels))} ∗ ${many}${sizes(kH, kW, ...depth(channels / groups))}${grouped} → ${sizes(outHeight, outWidth, ...depth(filters))}`,
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
