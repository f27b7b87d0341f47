import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Chain, convo } from '../../src/index.ts'
import { camelCase } from '../../src/picture/api/names.ts'

// Filters with each border, against the results of SciPy, scikit-image and NumPy for the same random picture.

type Case = { readonly filter: string; readonly options: Record<string, unknown>; readonly result: string }
const { width, height, picture, cases } = JSON.parse(
  readFileSync(new URL('borders.json', import.meta.url), 'utf8'),
) as { width: number; height: number; picture: string; cases: Case[] }
const data = Uint8Array.from(Buffer.from(picture, 'base64'))

it.each(cases.map((one) => [one.filter, JSON.stringify(one.options), one] as const))(
  '%s with %s is what others compute',
  async (_, __, { filter, options, result }) => {
    const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value]))
    const chain = convo({ data, width, height }) as unknown as Record<string, (options: object) => Chain>
    const tensor = await chain[camelCase(filter)]!(given).toTensor()
    const wanted = new Float32Array(Uint8Array.from(Buffer.from(result, 'base64')).buffer)
    const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - tensor.data[i]!)), 0)
    expect(tensor.data).toHaveLength(wanted.length)
    // float32 against float64, in levels
    expect(worst).toBeLessThan(1e-3)
  },
)
