import type { Comparison } from '../image/compare/comparison.ts'
import { alternatives } from '../image/compare/smallest.ts'
import {
  type Limits,
  limitsText,
  type ToleranceValues,
  toleranceOf,
  toleranceSettings,
} from '../image/compare/tolerance.ts'
import { type Params, resolve } from '../params.ts'
import { defined } from '../text/record.ts'

const exact: Readonly<Record<string, unknown>> = resolve(toleranceSettings as Params, {})

/** Whether a tolerance allows any difference. */
export function isLoose(values: ToleranceValues): boolean {
  const given: Readonly<Record<string, unknown>> = values
  return Object.entries(given).some(([name, value]) => {
    if (value === undefined || value === exact[name]) return false
    if (name === 'max-abs') return values['max-abs']!.value > 0
    if (name === 'max-density') return values['max-density']!.pixels > 0
    if (name === 'ignore') return values.ignore!.length > 0
    if (name === 'antialiasing') return value === 'ignore'
    return name === 'perceptual' || value !== 0
  })
}

/** A tolerance as options: `--max-abs 2 --ignore 0,0,8,8`; empty for exact. */
export function toleranceText(values: ToleranceValues): string {
  const { ignore = [], mask, 'ignore-border': border, alpha, size, metric, antialiasing } = values
  return [
    limitsText(toleranceOf({ ...values, mask: undefined })),
    ...ignore.map(({ x, y, width, height }) => `--ignore ${x},${y},${width},${height}`),
    ...(mask === undefined ? [] : [`--mask ${mask}`]),
    ...(border === 0 ? [] : [`--ignore-border ${border}`]),
    ...(alpha === 'strict' ? [] : [`--alpha ${alpha}`]),
    ...(size === 'error' ? [] : [`--size ${size}`]),
    ...(metric === 'yiq' ? [] : [`--metric ${metric}`]),
    ...(antialiasing === undefined ? [] : [`--antialiasing ${antialiasing}`]),
    ...(values['as-shown'] ? ['--as-shown'] : []),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/**
 * Returns the smallest tolerance that passes, as options, with alternatives joined by `or`; `exact` if none is needed,
 * undefined if none would pass.
 */
export function smallestText({ smallest }: Pick<Comparison, 'smallest'>): string | undefined {
  const choices = alternatives(smallest).map((limits) => limitsText(withoutNothing(limits)))
  if (choices.length === 0) return undefined
  return choices.map((text) => (text === '' ? 'exact' : text)).join(' or ')
}

function withoutNothing(limits: Limits): Limits {
  const { maxAbs, maxDiffPixels, maxDiffRatio, ...rest } = limits
  return {
    ...rest,
    ...defined({
      maxAbs: maxAbs?.value === 0 ? undefined : maxAbs,
      maxDiffPixels: maxDiffPixels === 0 ? undefined : maxDiffPixels,
      maxDiffRatio: maxDiffRatio === 0 ? undefined : maxDiffRatio,
    }),
  }
}
