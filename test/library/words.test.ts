import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { batchSettings } from '../../src/batch/options.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { checkSettings } from '../../src/golden/settings.ts'
import { toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { convo } from '../../src/index.ts'
import type { Param } from '../../src/params.ts'
import { inWords, sentenceWords } from '../../src/picture/api/names.ts'
import { modelParams, netParams } from '../../src/picture/net.ts'
import { operations } from '../../src/picture/operations.ts'
import { sharedSettings } from '../../src/picture/settings.ts'
import { sceneSettings } from '../../src/teach/animate/settings.ts'
import { explainSettings } from '../../src/teach/explain/settings.ts'

const tables = [
  ...Object.values(operations).map(({ params }) => params),
  sharedSettings,
  toleranceSettings,
  checkSettings,
  batchSettings,
  modelParams,
  netParams,
  sceneSettings,
  explainSettings,
]
const params = new Map<string, Param<unknown>[]>()
for (const [name, param] of tables.flatMap((table) => Object.entries<Param<unknown>>(table)))
  params.set(name, [...(params.get(name) ?? []), param])

/** Values that may be typed for options with any text. */
const typed = new Set(['auto', 'white', 'slow', 'fast', 'skip', 'p', ...Object.keys(namedKernels)])

const accepts = (param: Param<unknown>, word: string): boolean => {
  if (param.isFlag) return false
  if (param.choices !== undefined) return param.choices.includes(word)
  try {
    param.parse('describes', 'x')
    return typed.has(word)
  } catch {
    try {
      return param.parse(word, 'x') !== undefined
    } catch {
      return false
    }
  }
}

test('every word behind an option in the source is known as a value of it, or as a word of a sentence', () => {
  const src = join(import.meta.dirname, '../../src')
  const found = new Set<string>()
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    // skips messages that only the command prints, the page of the report, and documentation
    if (!file.endsWith('.ts') || /^(cli|golden\/page)\//.test(file)) continue
    for (const line of readFileSync(join(src, file), 'utf8').split('\n')) {
      if (/^\s*(\/\/|\*|\/\*)/.test(line)) continue
      for (const [, name, word] of line.matchAll(/--([a-z][a-z-]*) ([a-z]+)(?![\w:=./#-])/g)) {
        const own = params.get(name!)
        if (own === undefined || sentenceWords.has(word!) || own.some((one) => accepts(one, word!))) continue
        found.add(`${file}: --${name} ${word}`)
      }
    }
  }
  expect([...found]).toEqual([])
})

test('words of sentences are no values, and values are no words of sentences', () => {
  expect(inWords('--kernel describes what --sigma 2 makes')).toBe('kernel describes what sigma: 2 makes')
  expect(inWords('--background white, or an output path ending in .png')).toBe(
    "background: 'white', or an output path ending in .png",
  )
  expect(inWords('--stride 2,3, --border wrap and no --gray')).toBe(
    "stride: [2, 3], border: 'wrap' and no gray",
  )
  expect(inWords('--results c9/none')).toBe("results: 'c9/none'")
  expect(inWords('run convo check again, then approve')).toBe('run check() again, then approve')
  for (const typed of ['convo check --help', 'convo check <manifest>', 'convo digest goldens/ > digests.txt'])
    expect(inWords(typed)).toBe(typed)
  for (const [name, own] of params)
    for (const word of own.flatMap(({ choices = [] }) => choices))
      expect([name, word, sentenceWords.has(word)]).toEqual([name, word, false])
})

test('what belongs elsewhere is said with where it belongs', () => {
  const chain = () => convo('in.png')
  const misplaced: readonly (readonly [() => unknown, string])[] = [
    [() => chain().sobel({ gray: true } as object), 'convo(input, { gray: true })'],
    [() => chain().gaussian({ sigma: 2, depth: 16 } as object), 'convo(input, { depth: 16 })'],
    [() => chain().conv2d([[1]] as never), 'conv2d({ kernel: rows })'],
    [
      () =>
        chain()
          .sobel()
          .as('xyz' as 'png'),
      "as('png')",
    ],
    [
      () =>
        chain()
          .sobel()
          .as('npy' as 'png'),
      'toTensor()',
    ],
  ]
  for (const [call, fix] of misplaced) expect(call).toThrow(expect.objectContaining({ fix }))
  // an option that a step also has belongs to the step
  expect(chain().crop({ at: [0, 0] })).toBeDefined()
})

test('notes name options as JavaScript has them', async () => {
  const data = Float32Array.from({ length: 27 }, (_, i) => i / 27)
  const { report } = await convo({ data, width: 3, height: 3, channels: 3 }).box().raw()
  expect(report.notes.join('\n')).toMatch(/full: <n> changes it\n.*depth: 16 keeps more/)
  const plan = await convo({ data, width: 3, height: 3, channels: 3 }).box().plan()
  expect([...report.notes, ...plan.notes].join('\n')).not.toContain('--')
})
