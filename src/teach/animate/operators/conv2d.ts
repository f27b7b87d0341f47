import { referenceEngine } from '../../../definition/engine.ts'
import { conv2d } from '../../../operators/conv2d.ts'
import { exampleInput } from '../examples.ts'
import { type Scene, sign, sizes } from '../scene.ts'
import { mostDrawn, oneDilation, perAxis, type SceneOptions, weightsOf } from '../settings.ts'
import { pass2d, sizeFormula, slide } from '../slide.ts'
import type { Animation } from './entry.ts'

/** A bank of filters over channels; the parts of the textbook differ in their numbers only. */
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
  const [height, width] = perAxis('size', options.size, [usual.size, usual.size]) as [number, number]
  const channels = options.channels ?? usual.channels
  const filters = options.filters ?? usual.filters
  const groups = options.groups ?? usual.groups ?? 1
  const x = exampleInput([channels, height, width])
  // where the groups do not divide, the operator says so
  const weight = await weightsOf(options, filters, Math.max(1, Math.floor(channels / groups)), [3, 3])
  const how = {
    stride: options.stride ?? 1,
    padding: options.padding ?? 0,
    dilation: oneDilation(options),
    groups,
  }
  const out = await conv2d(referenceEngine, x, weight, how)
  const [, outHeight, outWidth] = out.shape as [number, number, number]
  const shown = Math.min(filters, usual.shown ?? mostDrawn)
  const depth = (n: number) => (channels * filters === 1 ? [] : [n])
  const [kH, kW] = weight.shape.slice(2) as [number, number]
  const pass = pass2d(
    [x, weight, out],
    how,
    {
      input: `input ${sizes(height, width, ...depth(channels))}`,
      kernel: filters === 1 ? `kernel ${sizes(kH, kW, ...depth(channels / groups))}` : 'filter',
      output: `output ${sizes(outHeight, outWidth, ...depth(filters))}${shown < filters ? `, ${shown} drawn` : ''}`,
    },
    shown,
  )
  const many = filters === 1 ? '' : `${filters} filters `
  const grouped = groups === 1 ? '' : `, ${groups} groups`
  return {
    title: `${sizes(height, width, ...depth(channels))} ∗ ${many}${sizes(kH, kW, ...depth(channels / groups))}${grouped} → ${sizes(outHeight, outWidth, ...depth(filters))}`,
    formula: `stride ${how.stride}, padding ${how.padding}, dilation ${how.dilation}: ${sizeFormula(pass)}; weights ${weight.data.length}`,
    frames: slide(pass, ({ input, kernel, output }) => [input, sign('∗'), kernel, sign('='), output]),
  }
}

export const bankSettings = [
  'size',
  'kernel',
  'kernel-size',
  'stride',
  'padding',
  'dilation',
  'channels',
  'filters',
] as const

export const conv2dAnimation: Animation = {
  takes: [...bankSettings, 'groups'],
  scene: (options) => bankScene(options, { channels: 1, filters: 1, size: 5 }),
}

export const multiChannelAnimation: Animation = {
  takes: [...bankSettings, 'groups'],
  scene: (options) => bankScene(options, { channels: 3, filters: 1, size: 5 }),
}

export const groupedAnimation: Animation = {
  takes: [...bankSettings, 'groups'],
  scene: (options) => bankScene(options, { channels: 4, filters: 4, size: 4, groups: 2, shown: 4 }),
}
