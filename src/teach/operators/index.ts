import { operators } from '../../operators/index.ts'
import type { Animation, Teaching } from './teaching.ts'

/** The teaching material of every operator. Each file is loaded only when needed. */
export const materials: Readonly<Record<string, () => Promise<{ readonly teaching: Teaching }>>> = {
  conv2d: () => import('./conv2d.ts'),
  conv3d: () => import('./conv3d.ts'),
  pointwise: () => import('./pointwise.ts'),
  separable: () => import('./separable.ts'),
  depthwise: () => import('./depthwise.ts'),
  'depthwise-separable': () => import('./depthwise-separable.ts'),
  grouped: () => import('./grouped.ts'),
  dilated: () => import('./dilated.ts'),
  transposed: () => import('./transposed.ts'),
  maxpool: () => import('./maxpool.ts'),
  unpool: () => import('./unpool.ts'),
  involution: () => import('./involution.ts'),
}

export const animations: Readonly<Record<string, { readonly summary: string; load(): Promise<Animation> }>> =
  Object.fromEntries(
    Object.entries(operators).flatMap(([operator, { animations: shown = {} }]) =>
      Object.entries(shown).map(([name, summary]) => [
        name,
        { summary, load: async () => (await materials[operator]!()).teaching.animations[name]! },
      ]),
    ),
  )
