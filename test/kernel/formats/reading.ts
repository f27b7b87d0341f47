import { expect } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import type { KernelFormat } from '../../../src/kernel/formats/format.ts'
import type { Kernel } from '../../../src/kernel/kernel.ts'
import { cpuTime } from '../../cpu.ts'
import fc from '../../property.ts'
import { failure } from '../expect-failure.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Returns a kernel as plain data for `toEqual`: shape, weights and everything other than scale 1 and offset 0. */
export function plain({
  weights,
  scale,
  offset,
  bias,
  direction: _,
  ...rest
}: Kernel): Record<string, unknown> {
  return {
    ...rest,
    weights: Array.from(weights),
    ...(scale === 1 ? {} : { scale }),
    ...(offset === 0 ? {} : { offset }),
    ...(bias === undefined ? {} : { bias: Array.from(bias) }),
  }
}

/** Reads all kernels of a text. */
export const readAll = (format: KernelFormat, text: string): Record<string, unknown>[] =>
  format.read(encode(text), 'k').map(plain)

/** Reads the only kernel of a text. */
export function read(format: KernelFormat, text: string): Record<string, unknown> {
  const kernels = readAll(format, text)
  expect(kernels).toHaveLength(1)
  return kernels[0]!
}

/** Returns `CODE why` for a text that must be refused: the first reason with its position. */
export function refusal(format: KernelFormat, text: string): string {
  const { code, why } = failure(() => format.read(encode(text), 'k'))
  return `${code} ${why[0]}`
}

/**
 * Generates text that is similar to one of the seeds: cut, spliced, doubled, with inserted characters, words and raw
 * bytes.
 */
function damaged(seeds: readonly string[]): fc.Arbitrary<Uint8Array> {
  const words = [
    ...[
      '',
      ' ',
      '\n',
      '\r\n',
      '\t',
      '#',
      ';',
      ',',
      ':',
      '-',
      '+',
      '.',
      '/',
      '|',
      '^',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
    ],
    ...[
      '<',
      '>',
      '"',
      "'",
      '&',
      '&#0;',
      '<!--',
      '<![CDATA[',
      '<!DOCTYPE a [',
      '\\',
      '\\u',
      '\u0000',
      '\u2028',
      '€',
    ],
    ...[
      '0',
      '1e999',
      '-1e-400',
      '99999999999999999999',
      '1.5',
      'nan',
      '-.Inf',
      'null',
      '@',
      '3x3:',
      '__proto__',
    ],
  ]
  const edit = fc.record({ at: fc.nat(400), remove: fc.nat(12), put: fc.constantFrom(...words) })
  const text = fc
    .tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 4 }), fc.boolean())
    .map(([seed, edits, twice]) => {
      let out = seed
      for (const { at, remove, put } of edits) {
        const place = at % (out.length + 1)
        out = out.slice(0, place) + put + out.slice(place + remove)
      }
      return encode(twice ? out + out : out)
    })
  const raw = fc.tuple(fc.constantFrom(...seeds), fc.nat(400), fc.nat(255)).map(([seed, at, byte]) => {
    const bytes = encode(seed)
    bytes[at % bytes.length] = byte
    return bytes
  })
  return fc.oneof({ weight: 6, arbitrary: text }, raw, fc.uint8Array({ maxLength: 80 }))
}

/** Checks that any content is either read as kernels or refused quickly, with a kernel error and a position. */
export function survivesDamage(format: KernelFormat, seeds: readonly string[]): void {
  const bare = fc.string({ unit: fc.constantFrom(...new Set(seeds.join(''))), maxLength: 60 })
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: damaged(seeds) }, bare.map(encode)), (bytes) => {
      format.sniff(bytes)
      try {
        const kernels = format.read(bytes, 'k')
        expect(kernels.length).toBeGreaterThan(0)
        for (const k of kernels) expect(k.weights.every((w) => Number.isFinite(Math.fround(w)))).toBe(true)
      } catch (error) {
        if (!(error instanceof ConvoError)) throw error
        expect(error.code).toMatch(/^E_KERNEL_/)
        expect(error.why[0]).toMatch(/^k: byte \d+: |^k:\d+:\d+: /)
      }
    }),
    { numRuns: 400 },
  )
}

/** Checks texts that would take a careless pattern minutes. */
export function survivesLength(format: KernelFormat): void {
  const long = 300_000
  const starts = ['', '1', '3x3: ', '(', '<a ', '[', '{"', '%YAML:1.0\n', '1;', '1 1\n', "0m='"]
  for (const start of starts) {
    for (const unit of [
      '1',
      ' ',
      ';',
      '; ',
      '1 ',
      '1,',
      ' \t',
      '[',
      '<a>',
      '"',
      '-',
      '&',
      '#',
      '\n',
      '.',
      '1\t',
    ]) {
      const bytes = encode(start + unit.repeat(long / unit.length))
      const before = cpuTime()
      format.sniff(bytes.subarray(0, 65536))
      try {
        format.read(bytes, 'k')
      } catch (error) {
        if (!(error instanceof ConvoError)) throw error
        expect(error.code).toMatch(/^E_KERNEL_/)
      }
      expect(cpuTime() - before, `${JSON.stringify(start)} and ${JSON.stringify(unit)}`).toBeLessThan(5000)
    }
  }
}

/** Numbers that a careless writer would not preserve. */
export const awkward = [
  0.1,
  -0,
  1 / 3,
  5e-324,
  1e-7,
  1.7976931348623157e-300,
  123456789.12345678,
  3.4e38,
  -1e21,
  2 ** -1074,
]

/** Any number that is finite in float32, of any magnitude and with the precision of a double. */
export const weight: fc.Arbitrary<number> = fc.oneof(
  fc.double({ min: -3.4e38, max: 3.4e38, noNaN: true }),
  fc.integer({ min: -9, max: 9 }),
  fc.constantFrom(...awkward),
)
