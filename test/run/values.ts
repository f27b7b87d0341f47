import type { Params } from '../../src/params.ts'
import fc from '../property.ts'

/**
 * Values of settings, each given or not: words of those allowed, and numbers within their bounds, small ones and the bounds
 * themselves where they are small.
 *
 * @param own other values, by the name of the setting
 */
export const randomValues = (
  params: Params,
  own: Readonly<Record<string, fc.Arbitrary<unknown>>> = {},
): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  fc.record(
    Object.fromEntries(
      Object.entries(params).map(([name, { choices, isFlag, min = 0, max = 40, default: usual }]) => [
        name,
        own[name] ??
          (isFlag
            ? fc.boolean()
            : choices !== undefined
              ? fc.constantFrom(...choices)
              : typeof usual === 'number' && Number.isInteger(usual) && Number.isInteger(min)
                ? fc.integer({ min, max: Math.min(max, 20) })
                : fc.double({ min, max: Math.min(max, 40), noNaN: true })),
      ]),
    ),
    { requiredKeys: [] },
  )
